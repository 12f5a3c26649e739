"""What was to be reached, and whether it was."""

from _cells import PEERS

__all__ = ["targets"]


def targets(results):
    """Return rows of ``measure``, ``to reach``, ``measured``, ``met`` (None: not measured)."""
    cells = results.get("cells", [])
    rows = _epoch_targets(cells) if cells else []
    for make, key in (
        (_predict_targets, "predict"),
        (_task_targets, "tasks"),
        (_memory_targets, "memory"),
        (_grid_targets, "grid"),
        (_linear_targets, "linear"),
        (_overhead_targets, "overhead"),
    ):
        if key in results:
            rows += make(results[key])
    return rows


def _epoch_targets(cells):
    plain, tuned, skorch, keras = PEERS

    def small(row):
        return row["side"] == 8

    kinds = [
        (plain, "28x28, batch 256, float32", 0.75, lambda r: r["headline"] and r["precision"] == "float32"),
        (plain, "28x28, batch 256, bfloat16", 0.50, lambda r: r["headline"] and r["precision"] == "bfloat16"),
        (tuned, "any cell but 8x8", 1.05, lambda r: not small(r)),
        (tuned, "8x8", 1.15, small),
        (skorch, "any cell", 0.60, lambda r: True),
        (keras, "any cell, float32", 1.00, lambda r: r["precision"] == "float32"),
        (keras, "any cell, bfloat16", 0.65, lambda r: r["precision"] == "bfloat16"),
    ]
    return [_worst(cells, *kind) for kind in kinds]


def _worst(cells, peer, where, limit, chosen):
    rows = [row for row in cells if chosen(row) and peer in row["ratios"]]
    measure = f"epoch time / {peer}, {where}"
    if not rows:
        return _target(measure, limit, None)
    worst = max(rows, key=lambda row: row["ratios"][peer])
    missed = sum(row["ratios"][peer] > limit for row in rows)
    note = f"{worst['cell']}, {worst['precision']}; {len(rows) - missed} of {len(rows)} cells reach it"
    return _target(measure, limit, worst["ratios"][peer], note)


def _predict_targets(found):
    seconds = found["seconds"]
    rows = []
    for precision in ("float32", "auto"):
        ours = seconds[f"skmtl, {precision}"]
        note = f"{ours:.2f} s for {found['n_images']:,} images"
        ratio = ours / seconds["Keras"] if "Keras" in seconds else None
        rows.append(_target(f"predict time / Keras, {precision}", 0.70, ratio, note))
    return rows


def _task_targets(found):
    seconds = {int(n): s for n, s in found["seconds"].items()}
    limits = {40: 1.15, 1000: 2.00}
    return [
        _target(f"epoch time with {n:,} tasks / with 1 task", limit, seconds[n] / seconds[1], f"{seconds[n]:.2f} s")
        for n, limit in limits.items()
        if n in seconds
    ]


def _memory_targets(found):
    name = f"on a {found['gigabytes']:.1f} GB uint8 memory map"
    rows = []
    for what in ("fit", "predict"):
        part = found[what]
        note = f"of which anonymous {part['anonymous']:.2f} GB; {part['seconds']:.0f} s"
        rows.append(_target(f"peak memory of {what} {name}, GB", 1.0, part["peak"], note))
    return rows


def _grid_targets(found):
    note = f"{found['seconds']['2']:.0f} s / {found['seconds']['1']:.0f} s"
    ratio = found["seconds"]["2"] / found["seconds"]["1"]
    return [_target("wall time of an 8-candidate grid, n_jobs=2 / n_jobs=1", 0.60, ratio, note)]


def _linear_targets(found):
    per_image = {int(n): s / int(n) for n, s in found["seconds"].items()}
    ratio = max(per_image.values()) / min(per_image.values())
    note = ", ".join(f"{n:,}: {1e6 * s:.1f} µs" for n, s in per_image.items())
    return [_target("epoch time per image, largest / smallest over n", 1.10, ratio, note)]


def _overhead_targets(found):
    ours, tuned = found["seconds"]["skmtl"], found["seconds"]["tuned PyTorch"]
    note = f"{1000 * ours:.1f} ms against {1000 * tuned:.1f} ms"
    return [_target("1,797 8x8 digits: share of an epoch that tuned PyTorch has not", 0.10, 1 - tuned / ours, note)]


def _target(measure, limit, value, note=""):
    met = None if value is None else bool(value <= limit)
    measured = "not measured" if value is None else f"{value:.2f}" + (f" ({note})" if note else "")
    return {"measure": measure, "to reach": f"≤ {limit:.2f}", "measured": measured, "value": value, "met": met}
