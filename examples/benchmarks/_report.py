"""Markdown tables, and one picture, of what was measured."""

from statistics import median

from _cells import PEERS

__all__ = ["cells_table", "draw", "markdown", "once_lines", "targets_table"]

INK, PALE = "#1f4e79", "#9db8d2"


def cells_table(rows):
    """Return the ratios of epoch times, ours / a peer's, as a Markdown table."""
    head = ["images, trunk, batch", "precision", "ours, s", *(f"/ {peer}" for peer in PEERS), "accuracy, %", "spread"]
    lines = []
    for row in rows:
        ratios = [f"{row['ratios'][p]:.2f}" if p in row["ratios"] else "-" for p in PEERS]
        accuracy = [f"{row['accuracy']:.1f}", f"{row['spread']:.2f}"]
        lines.append([row["cell"], row["precision"], f"{row['ours']:.3f}", *ratios, *accuracy])
    return markdown(head, lines)


def once_lines(rows):
    """Return what a whole fit takes beside its epochs, and Keras' own bfloat16, for the headline cells."""
    lines = []
    for row in rows:
        if "fit" not in row:
            continue
        once, hidden = row["fit"]["beside the epochs"], row["fit"]["hidden an epoch"]
        lines.append(
            f"{row['cell']}, {row['precision']}: beside its epochs a fit of one epoch takes {once[0]:.2f} s, one of "
            f"{row['fit']['epochs']} epochs {once[1]:.2f} s: {100 * hidden / row['ours']:+.1f} % of an epoch are not "
            "in history_."
        )
        if row["keras_bfloat16"] is not None:
            lines[-1] += f" Ours {row['precision']} / Keras mixed_bfloat16: {row['keras_bfloat16']:.2f}."
    return "\n".join(f"- {line}" for line in lines)


def targets_table(rows):
    """Return the targets as a Markdown table."""
    words = {True: "yes", False: "**no**", None: "-"}
    lines = [[row["measure"], row["to reach"], row["measured"], words[row["met"]]] for row in rows]
    return markdown(["measure (two cores)", "to reach", "measured, worst", "met"], lines)


def markdown(head, lines):
    """Return a Markdown table of strings."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *lines])


def draw(results, path):
    """Draw the ratios of epoch and prediction times: bars for the medians, lines for the range over the cells."""
    from matplotlib.figure import Figure

    groups = _groups(results)
    figure = Figure(figsize=(7.5, 0.8 + 0.36 * len(groups)), layout="constrained")
    axes = figure.subplots()
    for i, (_, precision, values) in enumerate(reversed(groups)):
        middle = median(values)
        axes.barh(i, middle, color=PALE if precision == "float32" else INK, height=0.66)
        axes.plot([min(values), max(values)], [i, i], color="0.55", linewidth=1.6)
        axes.text(max(middle, *values) + 0.02, i, f"{middle:.2f}", va="center", fontsize=9)
    axes.axvline(1, color="0.2", linewidth=0.9)
    axes.set_yticks(range(len(groups)), [f"{label}, {precision}" for label, precision, _ in reversed(groups)])
    axes.set_xlim(0, max(1.1, 0.15 + max(max(values) for *_, values in groups)))
    axes.set_xlabel("time of skmtl / time of the peer: median and range of the cells")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.savefig(path, dpi=150)


def _groups(results):
    """Return (label, precision, ratios), in the order of the picture."""
    groups = []
    cells = results.get("cells", [])
    for peer in PEERS:
        for precision in ("float32", "bfloat16"):
            ratios = [r["ratios"][peer] for r in cells if r["precision"] == precision and peer in r["ratios"]]
            groups.append((f"epoch / {peer}", precision, ratios))
    seconds = results.get("predict", {}).get("seconds", {})
    for peer in ("plain PyTorch", "Keras"):
        for precision in ("float32", "auto"):
            ratios = [seconds[f"skmtl, {precision}"] / seconds[peer]] if peer in seconds else []
            groups.append((f"predict / {peer}", precision, ratios))
    return [group for group in groups if group[2]]
