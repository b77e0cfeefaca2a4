"use strict";
// Draws the timeline and the changes of each environment, PAGE models at a time. Text reaches the page as text only.
(() => {
  const PAGE = 25;
  const OPEN = 6; // so few models are unfolded
  const PODS = 200; // pods of one model that are drawn
  const SVG = "http://www.w3.org/2000/svg";
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);

  function make(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  function say(seconds) {
    const whole = Math.ceil(seconds);
    if (whole < 60) return `${whole} s`;
    if (whole < 600 && whole % 60) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
    const minutes = Math.ceil(whole / 60);
    if (minutes < 60) return `${minutes} min`;
    return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
  }

  function plural(count, noun) {
    return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
  }

  // Bars of pods as one drawing, a lane each; times become thousandths of the width.
  function drawing(pods, end) {
    const svg = document.createElementNS(SVG, "svg");
    const lanes = Math.max(1, pods.length);
    svg.setAttribute("class", "track");
    svg.setAttribute("viewBox", `0 0 1000 ${lanes * 10}`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    pods.forEach((pod, lane) => {
      for (const [phase, start, stop] of pod.phases) {
        const bar = document.createElementNS(SVG, "rect");
        bar.setAttribute("class", `${phase} ${pod.revision}`);
        bar.setAttribute("x", ((1000 * start) / end).toFixed(2));
        bar.setAttribute("y", lane * 10 + (lanes > 1 ? 0.5 : 0));
        bar.setAttribute("width", Math.max((1000 * (stop - start)) / end, 1.5).toFixed(2));
        bar.setAttribute("height", lanes > 1 ? 9 : 10);
        svg.append(bar);
      }
    });
    return svg;
  }

  // The timeline goes on a little after the last event: what lasts until its end never ends.
  const PHASES = {
    ready: (start, stop, end) => (stop >= end ? `ready from ${say(start)}` : `ready until ${say(stop)}`),
    waiting: (start, stop, end) => (stop >= end ? `waits from ${say(start)} to the end` : `waits ${say(stop - start)}`),
    loading: (start, stop, end) => (stop >= end ? `loads from ${say(start)} to the end` : `loads ${say(stop - start)}`),
    terminating: (start, stop) => `terminates within ${say(stop - start)}`,
  };

  function podRow(pod, end) {
    const gpus = pod.gpus ? `, ${plural(pod.gpus, "GPU")}` : "";
    const told = pod.phases.map(([phase, start, stop]) => PHASES[phase](start, stop, end)).join(", ");
    return make(
      "div",
      { className: "pod" },
      make("span", { className: "label" }, `${pod.name}${gpus}`),
      drawing([pod], end),
      make("span", { className: "told" }, told),
    );
  }

  function axis(end) {
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
    const step = steps.find((each) => end / each <= 6) ?? 86400 * Math.ceil(end / 86400 / 6);
    const ticks = make("div", { className: "ticks" });
    for (let at = 0; at <= end; at += step) {
      const tick = make("span", {}, say(at));
      tick.style.left = `${(100 * at) / end}%`;
      if (at / end > 0.95) tick.className = "last";
      ticks.append(tick);
    }
    return make("div", { className: "axis", ariaHidden: "true" }, make("span"), ticks);
  }

  function lane(model, end) {
    const shown = model.pods.slice(0, PODS);
    const said = model.rollouts.map((rollout) => rollout.said).join("; ");
    const label = make("span", { className: "label", title: model.name }, model.name, make("span", { className: "unseen" }, said ? `: ${said}` : ""));
    const row = make("details", { className: "lane" }, make("summary", {}, label, drawing(shown.slice(0, 16), end)));
    unfold(row, () => {
      const rows = shown.map((pod) => podRow(pod, end));
      const more = model.pods.length - shown.length;
      if (more > 0) rows.push(make("p", { className: "none" }, `and ${plural(more, "other pod")}`));
      return rows;
    });
    return row;
  }

  // Fill a folded part when it is opened for the first time.
  function unfold(details, children) {
    const fill = () => {
      if (details.open && details.children.length === 1) details.append(make("div", {}, ...children()));
    };
    details.addEventListener("toggle", fill);
    details.fill = fill;
  }

  function side(tag, value) {
    return make(tag, {}, value === null ? "unset" : value === "" ? '""' : value);
  }

  function fields(object) {
    const rows = object.fields.map(([path, before, after, cause]) =>
      make("tr", {}, make("td", {}, make("code", {}, path), ...(cause && object.restarts ? [tag("restart", "restarts")] : [])), make("td", {}, side("del", before)), make("td", {}, side("ins", after))),
    );
    const head = make("thead", {}, make("tr", {}, ...["field", "before", "after"].map((name) => make("th", { scope: "col" }, name))));
    return region("Fields", make("table", {}, head, make("tbody", {}, ...rows)));
  }

  // What may scroll sideways can be reached and scrolled with the keyboard.
  function region(name, content, tagName = "div") {
    const element = make(tagName, { className: "scroll", tabIndex: 0 }, content);
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", name);
    return element;
  }

  function difference(object) {
    const lines = document.createDocumentFragment();
    for (const line of object.diff) {
      const kind = { "+": "added", "-": "removed", "@": "hunk" }[line[0]] ?? "";
      lines.append(make("span", { className: kind }, line || " "));
    }
    if (object.cut) lines.append(make("span", { className: "hunk" }, `… ${plural(object.cut, "more line")}`));
    const details = make("details", {}, make("summary", {}, "Rendered difference"));
    unfold(details, () => [region(`Rendered difference of ${object.kind} ${object.name}`, lines, "pre")]);
    return details;
  }

  function tag(kind, text) {
    return make("span", { className: `tag ${kind}` }, text);
  }

  function objectPart(object) {
    const words = { add: "new", change: "changed", remove: "removed" };
    const where = object.namespace ? ` in ${object.namespace}` : "";
    const head = make("p", {}, make("strong", {}, object.kind), " ", make("code", {}, object.name), where, tag(object.action, words[object.action]));
    if (object.restarts) head.append(tag("restart", "restarts pods"));
    const part = make("div", { className: "object" }, head);
    if (object.fields.length) part.append(fields(object));
    if (object.diff.length) part.append(difference(object));
    return part;
  }

  function modelPart(model) {
    const summary = make("summary", {}, make("strong", {}, model.name));
    for (const why of new Set(model.rollouts.map((rollout) => rollout.why))) summary.append(tag(why, why));
    const open = model.risks.filter((risk) => !risk.acknowledged && risk.severity !== "note");
    for (const id of new Set(open.map((risk) => risk.id))) summary.append(tag(open.find((risk) => risk.id === id).severity, id));
    const said = model.rollouts.map((rollout) => rollout.said.replace(/^\w+, /, "")).join("; ");
    summary.append(make("span", { className: "said" }, ` ${said ? `${said} · ` : ""}${plural(model.objects.length, "object")}`));
    const part = make("details", { className: "model" }, summary);
    unfold(part, () => model.objects.map(objectPart));
    return part;
  }

  // A list of which PAGE more are shown at each press of its button.
  function list(place, models, draw, before = []) {
    let shown = 0;
    const next = make("button", { type: "button", className: "next" });
    const more = () => {
      const start = shown;
      const parts = models.slice(shown, shown + PAGE).map(draw);
      shown += parts.length;
      if (next.isConnected) next.before(...parts);
      else place.replaceChildren(...before, ...parts, next);
      if (models.length <= OPEN) parts.forEach((part) => { part.open = true; part.fill(); });
      next.hidden = shown >= models.length;
      next.textContent = `Show ${Math.min(PAGE, models.length - shown)} more of ${models.length - shown}`;
      if (start) parts[0]?.querySelector("summary").focus();
    };
    next.addEventListener("click", more);
    more();
    if (!models.length) place.replaceChildren(make("p", { className: "none" }, "No model matches."));
  }

  function text(model) {
    model.text ??= [
      model.name,
      ...model.rollouts.map((rollout) => rollout.said),
      ...model.risks.map((risk) => `${risk.id} ${risk.severity}`),
      ...model.objects.flatMap((object) => [object.kind, object.name, object.action, ...object.fields.flat().filter((each) => typeof each === "string")]),
    ].join("\n").toLowerCase();
    return model.text;
  }

  function wanted(model, words, only) {
    const at = (kind) => (kind === "risk" ? model.risks.some((risk) => risk.severity !== "note") : model.rollouts.some((rollout) => rollout.why === kind));
    return words.every((word) => text(model).includes(word)) && (!only.length || only.some(at));
  }

  function draw() {
    const words = byId("search")?.value.toLowerCase().split(/\s+/).filter(Boolean) ?? [];
    const only = [...document.querySelectorAll("input[name=only]:checked")].map((box) => box.value);
    const chosen = byId("environment")?.value ?? "";
    let found = 0;
    let all = 0;
    for (const section of document.querySelectorAll("[data-environment]")) {
      const environment = data.environments[section.dataset.environment];
      section.hidden = chosen !== "" && chosen !== section.dataset.environment;
      if (section.hidden) continue;
      const models = environment.models.filter((model) => wanted(model, words, only));
      all += environment.models.length;
      found += models.length;
      const timeline = section.querySelector(".timeline");
      const moving = models.filter((model) => model.pods.length);
      if (timeline) list(timeline, moving, (model) => lane(model, environment.end), environment.end ? [axis(environment.end)] : []);
      const changes = section.querySelector(".changes");
      if (changes) list(changes, models.filter((model) => model.objects.length), modelPart);
    }
    const output = byId("found");
    if (output) output.value = found === all ? `${all.toLocaleString("en")} in all` : `${found.toLocaleString("en")} of ${all.toLocaleString("en")}`;
  }

  function themes() {
    const button = byId("theme");
    const names = ["system", "light", "dark"];
    const apply = (name) => {
      if (name === "system") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = name;
      byId("theme-name").textContent = name;
    };
    let name = "system";
    try {
      const kept = localStorage.getItem("llmstack-theme");
      if (names.includes(kept)) name = kept;
    } catch { /* storage is not there for every way to open a file */ }
    apply(name);
    button.hidden = false;
    button.addEventListener("click", () => {
      name = names[(names.indexOf(name) + 1) % names.length];
      apply(name);
      try { localStorage.setItem("llmstack-theme", name); } catch { /* as above */ }
    });
  }

  themes();
  const tools = byId("tools");
  if (tools) {
    tools.hidden = false;
    let waiting = 0;
    tools.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(draw, 80); });
    tools.addEventListener("submit", (event) => event.preventDefault());
  }
  // A link to an environment that the filter hides shows it again.
  addEventListener("hashchange", () => {
    const section = document.querySelector(location.hash || "body");
    if (section?.hidden) { byId("environment").value = ""; draw(); section.scrollIntoView(); }
  });
  draw();
})();
