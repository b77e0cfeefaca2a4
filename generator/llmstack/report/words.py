"""How amounts, times and verdicts are said, in every report alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from llmstack.finding import Severity
from llmstack.review.wording import enumerated, plural, say_seconds

if TYPE_CHECKING:  # findings are counted where nothing is reviewed
    from llmstack.review.forecast import GpuPool, Rollout
from llmstack.review.result import EnvironmentReview, Review

NEVER = "never ends"
MAY_NEVER = "may never end"


def count_severities(severities: Iterable[Severity]) -> str:
    """`2 errors, 1 warning`; the empty string for none."""
    counts = Counter(severities)
    return ", ".join(plural(counts[severity], severity) for severity in Severity if counts[severity])


def say_time(rollout: Rollout, environment: EnvironmentReview) -> str:
    """How long a rollout takes: a time, its bounds, `never ends`, `may never end` or `unknown`."""
    ends = _ending(environment, {f"{rollout.kind}/{rollout.name}"})
    if ends == NEVER:
        return MAY_NEVER if rollout.is_race else NEVER
    if rollout.seconds is not None:
        told = f"{_about([rollout])}{say_seconds(rollout.seconds)}"
        return f"{told}, {ends}" if ends else told
    if ends:
        return ends
    low, high = rollout.seconds_min, rollout.seconds_max
    if low is not None and high is not None:
        return f"{_say_range(low, high)}{_apart(rollout)}"
    if low is not None:
        return f"at least {say_seconds(low)}"
    return f"at most {say_seconds(high)}" if high is not None else "unknown"


def _about(rollouts: Sequence[Rollout]) -> str:
    """What is put before a time that rests on load times of other pods, or of some of them."""
    return (
        "about "
        if any(each.basis.get("seconds") == "assumed" and each.seconds is not None for each in rollouts)
        else ""
    )


def say_times(rollouts: Sequence[Rollout], environment: EnvironmentReview) -> str:
    """How long each of several rollouts takes: one time for all, or from the shortest to the longest."""
    said = list(dict.fromkeys(say_time(rollout, environment) for rollout in rollouts))
    if len(said) == 1:
        return said[0]
    lows = [each.seconds if each.seconds is not None else each.seconds_min for each in rollouts]
    highs = [each.seconds if each.seconds is not None else each.seconds_max for each in rollouts]
    low, high = [each for each in lows if each is not None], [each for each in highs if each is not None]
    ends = _ending(environment, {f"{rollout.kind}/{rollout.name}" for rollout in rollouts})
    if len(high) < len(rollouts):
        return f"at least {say_seconds(min(low, default=0))}"
    ending = f", {ends}" if ends else _apart(rollouts[0]) if rollouts[0].seconds is None else ""
    return _say_range(min(low, default=0), max(high)) + ending


def _apart(rollout: Rollout) -> str:
    """What the end of a time leaves out."""
    without = rollout.seconds_max_without
    return f", {enumerated(without)} apart" if without and rollout.model is not None else ""


def say_total_time(environment: EnvironmentReview) -> str:
    """How long the whole change of an environment takes."""
    ends = _ending(environment, None)
    if ends == NEVER:
        return ends
    if environment.seconds is not None:
        told = f"{_about(environment.rollouts)}{say_seconds(environment.seconds)}"
        return f"{told}, {ends}" if ends else told
    return ends or _say_bounds(environment.rollouts) or "time unknown"


def _say_bounds(rollouts: Sequence[Rollout]) -> str:
    """The bounds of rollouts that start together; the empty string where one of them has none."""
    lows = [each.seconds if each.seconds is not None else each.seconds_min for each in rollouts]
    highs = [each.seconds if each.seconds is not None else each.seconds_max for each in rollouts]
    low, high = (
        max((each for each in lows if each is not None), default=0),
        [each for each in highs if each is not None],
    )
    if not rollouts or len(high) < len(rollouts):
        return f"at least {say_seconds(low)}" if low else ""
    return _say_range(low, max(high))


def _say_range(low: int, high: int) -> str:
    """`15 s to 11 min`; about a time where both ends are the same: a bound is not a measurement."""
    return (
        f"about {say_seconds(low)}"
        if say_seconds(low) == say_seconds(high)
        else f"{say_seconds(low)} to {say_seconds(high)}"
    )


def _ending(environment: EnvironmentReview, objects: set[str] | None) -> str:
    """Whether rollouts hang for want of GPUs or of something else: of these objects, None for any."""
    stuck = environment.stuck
    severities = {stuck[each] for each in (stuck if objects is None else objects) if each in stuck}
    if Severity.ERROR in severities:
        return NEVER
    return MAY_NEVER if severities else ""


def say_replicas(rollout: Rollout) -> str:
    """`2 × 1 GPU`, `2 replicas`, `one pod per node`."""
    if rollout.replicas is None:
        return f"one pod{_with_gpus(rollout.gpus_per_replica)} per node"
    if not rollout.gpus_per_replica:
        count = _count(rollout)
        return f"{count} replica{'' if count == '1' else 's'}"
    return f"{_count(rollout)} × {plural(rollout.gpus_per_replica, 'GPU')}"


def _count(rollout: Rollout) -> str:
    """`2`, and `1 to 8` where a scaler decides."""
    low, high = rollout.replicas_min, rollout.replicas_max
    return str(rollout.replicas) if low == high or low is None else f"{low} to {high}"


def _with_gpus(count: int) -> str:
    return f" with {plural(count, 'GPU')}" if count else ""


def say_ready(rollout: Rollout) -> str:
    """`at least 1 ready` while it rolls out; the empty string for what is new, or where that is not known."""
    if rollout.why == "new" or rollout.min_ready is None:
        return ""
    if rollout.min_ready:
        return f"at least {rollout.min_ready} ready"
    return "none ready for a while" if rollout.replicas or rollout.replicas_max else "none ready from then on"


def say_failure(rollouts: Sequence[Rollout]) -> str:
    """What is left of rollouts that are alike where the new pods never become ready: `1 ready, 3 GPUs held, ready again
    at most 5 min after the way back`; the empty string where that is not known of one of them, or where no
    new pod comes."""
    first = rollouts[0]
    if first.why == "scale" and first.if_it_fails and first.if_it_fails.ready_left >= (first.replicas or 0):
        return ""
    left = [rollout.if_it_fails for rollout in rollouts if rollout.if_it_fails is not None]
    if len(left) < len(rollouts) or not left:
        return ""
    held = max(each.gpus_held for each in left)
    said = [f"{left[0].ready_left or 'none'} ready", f"{plural(held, 'GPU')} held" if held else ""]
    backs = [each.seconds_back for each in left]
    back = max((each for each in backs if each is not None), default=0)
    if first.why != "new" and None in backs:
        said.append("how long the way back takes is not known")
    elif back:
        said.append(f"ready again at most {say_seconds(back)} after the way back")
    return ", ".join(filter(None, said))


def say_pool(pool: GpuPool) -> str:
    """A pool's name and its resource, `h100 (nvidia.com/gpu)`; a pool that nobody named is the resource
    alone."""
    return f"{pool.pool} ({pool.resource})" if pool.pool else pool.resource


def say_gpus(pool: GpuPool) -> str:
    """`14 before, 14 after, 18 at the peak, of 16`."""
    of = f"of {pool.capacity}" if pool.capacity is not None else "no capacity declared"
    most = pool.peak if pool.peak_max is None else pool.peak_max
    scaled = f" ({most} with scalers at their most)" if most != pool.peak else ""
    return f"{pool.before} before, {pool.after} after, {pool.peak} at the peak{scaled}, {of}"


def say_hang(pool: GpuPool) -> str:
    """`cannot finish`, `may not finish`, or the empty string."""
    if pool.certain:
        return "cannot finish"
    if pool.capacity is not None and pool.deadlock is None:
        why = ": pods that no manifest counts take GPUs of it too" if pool.uncounted else ""
        return f"whether it finishes cannot be judged{why}"
    return "may not finish" if pool.deadlock else ""


def say_why(rollout: Rollout) -> str:
    """`restart`, `scale`, `new`; `renamed from llama` or `made anew` for what takes the place of another one."""
    if rollout.former is None:
        return rollout.why
    is_renamed = rollout.model is not None and rollout.model != rollout.former
    return f"renamed from {rollout.former}" if is_renamed else "made anew"


def say_rollouts(rollouts: Sequence[Rollout]) -> str:
    """`3 models restart, 1 model scales, 1 model is renamed, 2 models are new`; the empty string for none."""
    said = []
    whys = [(rollout, say_why(rollout).partition(" from ")[0]) for rollout in rollouts]
    for why, one, many in (
        ("restart", "restarts", "restart"),
        ("scale", "scales", "scale"),
        ("renamed", "is renamed", "are renamed"),
        ("made anew", "is made anew", "are made anew"),
        ("new", "is new", "are new"),
    ):
        models = {rollout.model for rollout, own in whys if own == why and rollout.model}
        others = sum(own == why and not rollout.model for rollout, own in whys)
        for count, noun in ((len(models), "model"), (others, "other workload" if models else "workload")):
            if count:
                said.append(f"{plural(count, noun)} {one if count == 1 else many}")
    return ", ".join(said)


def short_revision(revision: str) -> str:
    """A commit's id as people write it; other names as they are."""
    hexadecimal = len(revision) >= 40 and all(character in "0123456789abcdef" for character in revision)
    return revision[:10] if hexadecimal else revision


def say_target(review: Review) -> str:
    """What a review is of: a revision, or what `gen` would write there, and which environment where it tells of one."""
    revision = short_revision(review.to_revision)
    alone = f", {review.only} alone" if review.only is not None else ""
    return (f"{revision} as gen would write it" if review.is_generated else revision) + alone


def model_of(unit: str) -> str:
    """What a unit is about: the model's name for `models/llama`, else the unit's own."""
    return unit.removeprefix("models/")
