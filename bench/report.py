"""Results of bench/run as a table in Markdown and as a picture."""

import math

import tasks

WIDE, BAR, TOP = 720, 18, 48


def share(task, row, peak):
  """Of the peak of one core, in products alone."""
  best = max(peak["bits_512"], peak["bits_256"])
  return task.mflop * 1e-3 * row["ours_1"] / best if "ours_1" in row and best else None


def best_of_two_threads(task, row):
  """Samples a second of the fastest peer at two threads; one that is not in the run is brought
  into it by PyTorch's figure."""
  if "torch_2" not in row:
    return None
  other = task.reference.other_two * row["torch_2"] / task.reference.torch_two
  return max(row["torch_2"], other)


def progress(task, row):
  parts = [task.name]
  for threads in (1, 2):
    if f"ratio_{threads}" in row:
      parts.append(f"{threads} thread{'s' if threads > 1 else ''}: {number(row[f'ours_{threads}'])}"
                   f"/s, x {row[f'ratio_{threads}']:.2f} PyTorch")
  if "predict_ratio" in row:
    parts.append(f"predict {row['predict_ours']:.3g} us, x {row['predict_ratio']:.3g}")
  if "losses_differ" in row:
    parts.append(f"losses within {row['losses_differ']:.1e}")
  return "; ".join(parts)


def number(value):
  if value is None:
    return ""
  if value >= 1e6:
    return f"{value / 1e6:.2f} M"
  return f"{value / 1e3:.1f} k" if value >= 1e4 else f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def against(value, goal, percent=False):
  """The value, and the goal that it has not reached."""
  if value is None:
    return ""
  shown = f"{value * 100:.0f} %" if percent else f"{value:.3g}"
  if not goal or value >= goal:
    return shown
  return f"{shown} (of {goal * 100:.0f} %)" if percent else f"{shown} (of {goal:g})"


COLUMNS = ["task", "ours, 1 thread", "PyTorch", "FANN", "×", "of peak", "ours, 2 threads",
           "PyTorch", "× best peer", "2 ÷ 1", "predict µs", "PyTorch", "×", "resident MB",
           "losses differ"]


def cells(task, row, peak):
  best = best_of_two_threads(task, row)
  two = row["ours_2"] / best if best and "ours_2" in row else None
  gain = row["ours_2"] / row["ours_1"] if "ours_1" in row and "ours_2" in row else None
  micro = [f"{row[key]:.3g}" if key in row else "" for key in ("predict_ours", "predict_torch")]
  return [task.name, number(row.get("ours_1")), number(row.get("torch_1")),
          number(row.get("fann_1")), against(row.get("ratio_1"), task.train_goal),
          against(share(task, row, peak), task.share_goal, True), number(row.get("ours_2")),
          number(row.get("torch_2")), against(two, task.two_goal), against(gain, 1),
          *micro, against(row.get("predict_ratio"), task.predict_goal),
          f"{row['resident_ours'] / 1e6:.1f}",
          f"{row['losses_differ']:.0e}" if "losses_differ" in row else ""]


def table(results):
  peak = results["peak"]
  lines = ["| " + " | ".join(COLUMNS) + " |", "| --- |" + " ---: |" * (len(COLUMNS) - 1)]
  for name, row in results["tasks"].items():
    lines.append("| " + " | ".join(cells(tasks.TASKS[name], row, peak)) + " |")
  after = results["peak_after"]
  lines.append(f"\nPeak of one core, GFLOP/s: {peak['bits_512']:.0f} (512 bit), "
               f"{peak['bits_256']:.0f} (256 bit) before; {after['bits_512']:.0f}, "
               f"{after['bits_256']:.0f} after. Medians of {results['rounds']}.")
  return "\n".join(lines)


# ---- the picture --------------------------------------------------------------------------------

def bars(results):
  for name, row in results["tasks"].items():
    task = tasks.TASKS[name]
    for key, words, goal in (("ratio_1", "training, 1 thread", task.train_goal),
                             ("ratio_2", "training, 2 threads", None),
                             ("predict_ratio", "prediction", task.predict_goal)):
      if key in row:
        yield name, words, row[key], goal


def across(ratio):
  """0.5 ... 500 on a logarithmic axis."""
  return 190 + (WIDE - 250) * math.log(max(ratio, 0.5) / 0.5) / math.log(1000)


def svg(results):
  rows = list(bars(results))
  high = TOP + (BAR + 4) * len(rows) + 30
  out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{high}" '
         f'viewBox="0 0 {WIDE} {high}" font-family="sans-serif" font-size="12">',
         '<rect width="100%" height="100%" fill="white"/>',
         '<text x="8" y="20" font-size="15">Speed against PyTorch in the same run '
         '(times as fast; tick: the goal)</text>']
  for ratio in (1, 10, 100):
    x = across(ratio)
    out.append(f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{high - 24}" stroke="#ccc"/>'
               f'<text x="{x:.1f}" y="{high - 8}" text-anchor="middle">{ratio}</text>')
  for k, (name, words, ratio, goal) in enumerate(rows):
    y = TOP + k * (BAR + 4)
    colour = {"training, 1 thread": "#2a6f97", "prediction": "#8f5a2a"}.get(words, "#6aa3c4")
    start, end = sorted((across(1), across(ratio)))
    out.append(f'<rect x="{start:.1f}" y="{y}" width="{max(end - start, 1):.1f}" height="{BAR}" '
               f'fill="{colour}"/>')
    said = end
    if goal:
      tick = across(goal)
      said = tick if end - 4 < tick < end + 36 else end  # the figure stands beside both
      out.append(f'<line x1="{tick:.1f}" y1="{y - 2}" x2="{tick:.1f}" y2="{y + BAR + 2}" '
                 'stroke="black" stroke-width="2"/>')
    out.append(f'<text x="8" y="{y + 13}">{name} {words}</text>'
               f'<text x="{said + 6:.1f}" y="{y + 13}">{ratio:.3g}</text>')
  return "\n".join(out + ["</svg>"]) + "\n"
