"use strict";
// Draws the models of each environment, those that do the same as one line, PAGE lines at a time. Text reaches the page as
// text only.
(() => {
  const PAGE = 25;
  const OPEN = 3; // so few models are unfolded
  const MANY = 4; // so many that do the same are one line
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
    waiting: (start, stop, end) => (stop >= end ? `waits from ${say(start)} on, for ever` : `waits ${say(stop - start)}`),
    loading: (start, stop, end) => (stop >= end ? `loads from ${say(start)} on, for ever` : `loads ${say(stop - start)}`),
    terminating: (start, stop) => `terminates within ${say(stop - start)}`,
  };

  function podRow(pod, end) {
    const gpus = pod.gpus ? `, ${plural(pod.gpus, "GPU")}` : "";
    const told = pod.phases.map(([phase, start, stop]) => PHASES[phase](start, stop, end)).join(", ");
    return make("div", { className: "pod" }, make("span", {}, `${pod.name}${gpus}: ${told}`), drawing([pod], end));
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

  // Fill a folded part when it is opened for the first time.
  function unfold(details, children) {
    const fill = () => {
      if (details.open && details.children.length === 1) details.append(make("div", { className: "inside" }, ...children()));
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

  // What a model does, in a clause: "2 × 1 GPU, 24 min, at least 1 ready".
  function saidOf(model) {
    return model.rollouts.map((each) => [each.what, each.time, each.ready].filter(Boolean).join(", ")).join("; ");
  }

  function tagsOf(model) {
    const tags = [...new Set(model.rollouts.map((each) => each.why))].map((why) => tag(why, why));
    const open = model.risks.filter((risk) => !risk.acknowledged && risk.severity !== "note");
    for (const id of new Set(open.map((risk) => risk.id))) tags.push(tag(open.find((risk) => risk.id === id).severity, id));
    return tags;
  }

  function marked(value, word) {
    const at = word ? value.toLowerCase().indexOf(word) : -1;
    if (at < 0) return [value];
    const from = Math.max(0, at - 60);
    const cut = value.slice(at + word.length, at + word.length + 80);
    return [(from ? "…" : "") + value.slice(from, at), make("mark", {}, value.slice(at, at + word.length)), cut];
  }

  // Where the first word was found, if not in the name.
  function hit(model, word) {
    if (!word || model.name.toLowerCase().includes(word)) return [];
    const found = text(model).split("\n").find((line) => line.includes(word));
    return found === undefined ? [] : [make("span", { className: "said" }, ...marked(found, word))];
  }

  function fragment(environment, model) {
    return `#${encodeURIComponent(environment.name)}/${encodeURIComponent(model.name)}`;
  }

  function linkTo(environment, model) {
    const address = fragment(environment, model);
    const copy = make("button", { type: "button" }, "Copy link");
    copy.addEventListener("click", async () => {
      history.replaceState(null, "", address);
      try { await navigator.clipboard.writeText(location.href); copy.textContent = "Copied"; } catch { copy.textContent = "In the address bar"; }
    });
    return make("p", { className: "link" }, make("a", { href: address }, `${environment.name}/${model.name}`), copy);
  }

  function modelPart(environment, model, word) {
    const name = make("span", { className: "name" }, ...marked(model.name, word));
    const said = make("span", { className: "said" }, saidOf(model) || plural(model.objects.length, "object"));
    const left = make("span", {}, name, ...tagsOf(model), said, ...hit(model, word));
    const track = model.pods.length ? [drawing(model.pods.slice(0, 16), environment.end)] : [];
    const part = make("details", { className: "model" }, make("summary", {}, make("span", { className: "row" }, left, make("span", {}, ...track))));
    part.dataset.name = model.name;
    unfold(part, () => {
      const pods = model.pods.slice(0, PODS).map((pod) => podRow(pod, environment.end));
      const more = model.pods.length - pods.length;
      if (more > 0) pods.push(make("p", { className: "empty" }, `and ${plural(more, "other pod")}`));
      const fails = model.rollouts.filter((each) => each.fails).map((each) => make("p", { className: "fails" }, `If the new pods never get ready: ${each.fails}`));
      return [linkTo(environment, model), ...fails, ...pods, ...model.objects.map(objectPart)];
    });
    return part;
  }

  // The shares of all pods of many models in each phase, over time.
  function shares(models, end) {
    const STEPS = 160;
    const kinds = ["old", "terminating", "waiting", "loading", "new"];
    const sums = kinds.map(() => new Array(STEPS + 1).fill(0));
    for (const pod of models.flatMap((model) => model.pods)) {
      for (const [phase, start, stop] of pod.phases) {
        const counts = sums[kinds.indexOf(phase === "ready" ? pod.revision : phase)];
        counts[Math.min(STEPS - 1, Math.floor((start / end) * STEPS))] += 1;
        counts[Math.max(Math.floor((start / end) * STEPS) + 1, Math.round((stop / end) * STEPS))] -= 1;
      }
    }
    for (const counts of sums) for (let at = 1; at <= STEPS; at += 1) counts[at] += counts[at - 1];
    const most = Math.max(1, ...Array.from({ length: STEPS }, (_, at) => sums.reduce((sum, counts) => sum + counts[at], 0)));
    const svg = document.createElementNS(SVG, "svg");
    for (const [name, value] of [["class", "track"], ["viewBox", `0 0 ${STEPS} 100`], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
    const base = new Array(STEPS).fill(100);
    kinds.forEach((kind, number) => {
      const low = base.slice();
      for (let at = 0; at < STEPS; at += 1) base[at] -= (100 * sums[number][at]) / most;
      const path = document.createElementNS(SVG, "path");
      const there = base.map((y, at) => `H${at}V${y.toFixed(2)}H${at + 1}`).join("");
      const back = low.map((y, at) => `H${at + 1}V${y.toFixed(2)}H${at}`).reverse().join("");
      path.setAttribute("class", kind);
      path.setAttribute("d", `M0 ${base[0].toFixed(2)}${there}${back}Z`);
      svg.append(path);
    });
    return svg;
  }

  function range(models) {
    const first = models[0].rollouts[0];
    if (!first) return plural(models[0].objects.length, "object") + " each";
    const all = models.flatMap((model) => model.rollouts);
    const times = [...new Set(all.map((each) => each.time))];
    const lows = all.map((each) => each.low), highs = all.map((each) => each.high);
    let time = times.length === 1 ? times[0] : "";
    if (!time && highs.every((each) => each !== null)) time = `${say(Math.min(...lows.map((each) => each ?? 0)))} to ${say(Math.max(...highs))}`;
    return [first.what, time, first.ready].filter(Boolean).join(", ");
  }

  // Models that do the same, as one line that unfolds.
  function bundlePart(environment, models) {
    const name = make("span", { className: "name" }, plural(models.length, "model"));
    const fields = models[0].objects.flatMap((object) => (object.action === "change" ? object.fields : [])).filter(([path]) => !path.includes("checksum"));
    const what = make("span", { className: "said" }, range(models));
    const changes = fields.slice(0, 2).map(([path, before, after]) => make("span", { className: "said" }, `${path.split(".").pop()} `, side("del", before), " ", side("ins", after)));
    if (fields.length > 2) changes.push(make("span", { className: "said" }, `and ${plural(fields.length - 2, "other field")}`));
    const left = make("span", {}, name, ...tagsOf(models[0]), what, ...changes);
    const track = models.some((model) => model.pods.length) ? [shares(models, environment.end)] : [];
    const part = make("details", { className: "bundle" }, make("summary", {}, make("span", { className: "row" }, left, make("span", {}, ...track))));
    part.models = models;
    unfold(part, () => {
      const place = make("div", {});
      list(place, models, (model) => modelPart(environment, model));
      return [place];
    });
    return part;
  }

  // A list of which PAGE more are shown at each press of its button.
  function list(place, items, draw, before = []) {
    let shown = 0;
    const next = make("button", { type: "button", className: "next" });
    place.more = () => {
      const start = shown;
      const parts = items.slice(shown, shown + PAGE).map(draw);
      shown += parts.length;
      if (next.isConnected) next.before(...parts);
      else place.replaceChildren(...before, ...parts, next);
      next.hidden = shown >= items.length;
      next.textContent = `Show ${Math.min(PAGE, items.length - shown)} more of ${(items.length - shown).toLocaleString("en")}`;
      return start ? parts[0] : undefined;
    };
    next.addEventListener("click", () => place.more()?.querySelector("summary").focus());
    place.replaceChildren();
    place.more();
    return place;
  }

  function text(model) {
    model.text ??= [
      model.name,
      ...model.rollouts.map((each) => `${each.why} ${each.what} ${each.time}`),
      ...model.risks.map((risk) => `${risk.id} ${risk.severity}`),
      ...model.objects.flatMap((object) => [`${object.kind} ${object.name} ${object.action}`, ...object.fields.map(([path, before, after]) => `${path}: ${before ?? "unset"} → ${after ?? "unset"}`)]),
    ].join("\n").toLowerCase();
    return model.text;
  }

  function wanted(model, words, only) {
    const at = (kind) => (kind === "risk" ? model.risks.some((risk) => risk.severity !== "note") : model.rollouts.some((rollout) => rollout.why === kind));
    return words.every((word) => text(model).includes(word)) && (!only.length || only.some(at));
  }

  // Models one by one where they are few, else those that do the same as one line; in the order of the first.
  function bundles(models) {
    if (models.length <= PAGE) return models.map((model) => [model]);
    const kinds = new Map();
    for (const model of models) kinds.set(model.kind, [...(kinds.get(model.kind) ?? []), model]);
    return [...kinds.values()].flatMap((alike) => (alike.length < MANY ? alike.map((model) => [model]) : [alike]));
  }

  function drawEnvironment(block, environment, models, word) {
    const before = environment.end && models.some((model) => model.pods.length) ? [axis(environment.end)] : [];
    const place = block.querySelector(".list");
    const few = models.length <= OPEN;
    list(place, bundles(models), (alike) => (alike.length > 1 ? bundlePart(environment, alike) : modelPart(environment, alike[0], word)), before);
    if (few) place.querySelectorAll(".model").forEach((part) => { part.open = true; part.fill(); });
  }

  function draw() {
    const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const only = [...document.querySelectorAll("input[name=only]:checked")].map((box) => box.value);
    const chosen = byId("environment")?.value ?? "";
    const asked = words.length > 0 || only.length > 0;
    let found = 0;
    let all = 0;
    for (const block of document.querySelectorAll("[data-environment]")) {
      const environment = data.environments[block.dataset.environment];
      const here = chosen === "" || chosen === block.dataset.environment;
      const models = here ? environment.models.filter((model) => wanted(model, words, only)) : [];
      block.hidden = !here || (asked && !models.length);
      all += here ? environment.models.length : 0;
      found += models.length;
      if (!block.hidden) drawEnvironment(block, environment, models, words[0]);
    }
    byId("found").value = asked ? `${found.toLocaleString("en")} of ${all.toLocaleString("en")}` : `${all.toLocaleString("en")} in all`;
    nothing(found === 0 && asked);
  }

  // Says that nothing was found, and offers the way back.
  function nothing(shown) {
    const place = byId("nothing");
    place.hidden = !shown;
    if (!shown) return;
    const query = byId("search").value.trim();
    const clear = make("button", { type: "button" }, "Show all");
    clear.addEventListener("click", () => { reset(); byId("search").focus(); });
    place.replaceChildren(make("p", {}, query ? `Nothing found for “${query}”. ` : "No model does that. ", clear));
  }

  function reset() {
    byId("search").value = "";
    document.querySelectorAll("input[name=only]").forEach((box) => { box.checked = false; });
    if (byId("environment")) byId("environment").value = "";
    draw();
  }

  // The result of a search begins where it can be seen.
  function show() {
    draw();
    const section = byId("models");
    if (section.getBoundingClientRect().top < 0) section.scrollIntoView();
  }

  // Open what the address names: `#environment/model`.
  function follow() {
    const [name, wantedName] = location.hash.slice(1).split("/").map((part) => { try { return decodeURIComponent(part); } catch { return ""; } });
    const number = data.environments.findIndex((each) => each.name === name);
    if (number < 0 || wantedName === undefined) return;
    const model = data.environments[number].models.find((each) => each.name === wantedName);
    if (!model) return;
    reset();
    const block = document.querySelector(`[data-environment="${number}"]`);
    let part = reach(block.querySelector(".list"), (each) => each.dataset.name === wantedName || each.models?.includes(model));
    if (part?.models) {
      part.open = true;
      part.fill();
      part = reach(part.querySelector(".inside > div"), (each) => each.dataset.name === wantedName);
    }
    if (!part) return;
    part.open = true;
    part.fill();
    part.scrollIntoView({ block: "center" });
    part.querySelector("summary").focus({ preventScroll: true });
  }

  // The first part of a list that fits, of as many pages as it takes.
  function reach(place, fits) {
    for (;;) {
      const part = [...place.children].find((each) => each.matches("details") && fits(each));
      const next = place.querySelector(":scope > .next");
      if (part || !next || next.hidden) return part;
      place.more();
    }
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
    tools.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(show, 80); });
    tools.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(waiting);
      show();
      document.querySelector(".environment:not([hidden]) .list summary")?.focus();
    });
    addEventListener("hashchange", follow);
    draw();
    follow();
  }
})();
