"""Results of bench/scaling as a picture: a panel for each sweep, both axes logarithmic, everything
relative to its first point; along the grey diagonal a figure is linear."""

import math

WIDE, HIGH, MARGIN = 250, 230, 46
TITLES = {"batch": "samples in a batch", "width": "width²", "depth": "layers (repeat)",
          "steps": "steps of a recurrence", "text": "lines of the model (nncc itself)"}
CURVES = [("seconds", "#2a6f97", "time of a training step; of nncc"),
          ("bytes", "#8f5a2a", "bytes of training; of the C emitted"),
          ("seconds_ram", "#6aa3c4", "time with --ram, as little as can be"),
          ("bytes_ram", "#d9a066", "bytes with --ram")]


def scale(rows):
  """The panel's span, in powers of ten of the amount."""
  return math.log10(rows[-1]["amount"] / rows[0]["amount"])


def place(left, top, span, x, y):
  """Of powers of ten: y from a tenth of the first point up to the diagonal's end."""
  across = left + MARGIN + (WIDE - MARGIN - 14) * x / span
  down = top + HIGH - 40 - (HIGH - 72) * (y + 0.5) / (span + 0.8)
  return f"{across:.1f},{down:.1f}"


def curve(left, top, rows, key, base, colour):
  span = scale(rows)
  points = [place(left, top, span, math.log10(row["amount"] / rows[0]["amount"]),
                  math.log10(row[key] / rows[0][base])) for row in rows]
  dots = "".join(f'<circle cx="{p.split(",")[0]}" cy="{p.split(",")[1]}" r="2.5" '
                 f'fill="{colour}"/>' for p in points)
  return (f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" '
          f'stroke-width="1.5"/>{dots}')


def grid(left, top, rows):
  span = scale(rows)
  out = []
  for power in range(int(span) + 1):
    for ends in ((power, -0.5, power, span + 0.3), (0, power, span, power)):
      one = place(left, top, span, ends[0], ends[1]).split(",")
      other = place(left, top, span, ends[2], ends[3]).split(",")
      out.append(f'<line x1="{one[0]}" y1="{one[1]}" x2="{other[0]}" y2="{other[1]}" '
                 'stroke="#e4e4e4"/>')
    x, y = place(left, top, span, power, -0.5).split(",")
    out.append(f'<text x="{x}" y="{float(y) + 14:.1f}" text-anchor="middle">'
               f'{rows[0]["amount"] * 10 ** power}</text>')
    x, y = place(left, top, span, 0, power).split(",")
    out.append(f'<text x="{float(x) - 5:.1f}" y="{float(y) + 4:.1f}" text-anchor="end">'
               f'× {10 ** power}</text>')
  one, other = place(left, top, span, 0, 0), place(left, top, span, span, span)
  out.append(f'<polyline points="{one} {other}" stroke="#999" stroke-dasharray="4 3"/>')
  return "".join(out)


def panel(left, top, sweep, rows):
  out = [f'<text x="{left + MARGIN}" y="{top + 18}" font-size="13">{TITLES[sweep]}</text>',
         grid(left, top, rows)]
  for key, colour, _ in CURVES:
    if key in rows[0]:
      out.append(curve(left, top, rows, key, key.replace("_ram", ""), colour))
  return "\n".join(out)


def legend(left, top):
  lines = [*[(colour, words, "") for _, colour, words in CURVES],
           ("#999", "linear", ' stroke-dasharray="4 3"')]
  out = []
  for k, (colour, words, dashes) in enumerate(lines):
    y = top + 50 + 22 * k
    out.append(f'<line x1="{left + 20}" y1="{y - 4}" x2="{left + 44}" y2="{y - 4}" '
               f'stroke="{colour}" stroke-width="2"{dashes}/>'
               f'<text x="{left + 52}" y="{y}">{words}</text>')
  return "\n".join(out)


def svg(results):
  sweeps = [name for name in TITLES if name in results]
  wide, high = 3 * WIDE + 10, 2 * HIGH + 10
  out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
         f'viewBox="0 0 {wide} {high}" font-family="sans-serif" font-size="11">',
         '<rect width="100%" height="100%" fill="white"/>']
  for k, sweep in enumerate(sweeps):
    out.append(panel(WIDE * (k % 3), HIGH * (k // 3), sweep, results[sweep]))
  out.append(legend(2 * WIDE, HIGH))
  return "\n".join(out + ["</svg>"]) + "\n"
