"""The sample document and the derivations of models, as they reach a reader: Chromium opens the
HTML (no console message, no element wider than the page at 360 and 1280 px, MathML drawn), pdflatex
sets the LaTeX without an overfull line, no line of text has more than 100 columns. The same pages
come of a build with sanitizers, where only the text is looked at."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

MODELS = ["golden/logistic", "golden/digits", "golden/charnn"]
TESTS = pathlib.Path(__file__).resolve().parents[1]
SAMPLER = pathlib.Path(os.environ["BUILD_DIR"]) / "tests" / "test-explain-document"

# Widths are taken inside of frames, as a window of 360 px is more than headless Chromium has.
MEASURE = """<!DOCTYPE html><body><iframe id=f style="width:WIDTHpx;height:900px;border:0"
src="PAGE"></iframe><script>
f.onload = () => {
  const all = [...f.contentDocument.body.querySelectorAll('*')];
  const wide = all.filter(e => e.getBoundingClientRect().right > WIDTH + 0.5);
  const flat = all.filter(e => e.tagName == 'math' && e.getBoundingClientRect().height < 4);
  const page = f.contentDocument.documentElement.scrollWidth;
  document.body.innerHTML = '<p id=r>page ' + page + ' math ' +
    f.contentDocument.querySelectorAll('math').length + ' flat ' + flat.length + ' wide ' +
    wide.map(e => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40)).join('; ') +
    '</p>';
};
</script></body>"""


def chromium(folder, page):
  command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu",
             "--allow-file-access-from-files", "--enable-logging=stderr", "--window-size=1400,1000",
             f"--user-data-dir={folder}/profile", "--virtual-time-budget=4000", "--dump-dom",
             page.as_uri()]
  return subprocess.run(command, capture_output=True, text=True, timeout=300)


def check_html(page):
  folder = page.parent
  for width in (360, 1280):
    frame = folder / f"{page.stem}-{width}.frame.html"
    frame.write_text(MEASURE.replace("WIDTH", str(width)).replace("PAGE", page.name))
    done = chromium(folder, frame)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    nn.demand(not console, f"console: {console[:3]}")
    found = re.search(r"page (\d+) math (\d+) flat (\d+) wide (.*?)</p>", done.stdout, re.S)
    nn.demand(found, f"not measured: {done.stdout[-300:]} {done.stderr[-300:]}")
    nn.demand(int(found[1]) <= width, f"the page is {found[1]} px wide, not {width}")
    nn.demand(int(found[2]) > 3 and int(found[3]) == 0, f"MathML: {found[2]}, flat {found[3]}")
    nn.demand(found[4] == "", f"wider than {width} px: {found[4][:400]}")
  text = page.read_text()
  nn.demand("<script" not in text and "http" not in text, "a script or an address")


def check_latex(page):
  done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", page.name],
                        cwd=page.parent, capture_output=True, timeout=300)
  log = page.with_suffix(".log").read_text(errors="replace")
  nn.demand(done.returncode == 0, f"pdflatex: {log[-400:]}")
  nn.demand("Overfull" not in log, log[log.find("Overfull"):][:200])


def check_text(page):
  wide = [line for line in page.read_text().splitlines() if len(line) > 100]
  nn.demand(not wide, f"wide: {wide[:1]}")


def check(page):
  {".html": check_html, ".tex": check_latex, ".txt": check_text}[page.suffix](page)


def write_pages(folder):
  if SAMPLER.exists():
    subprocess.run([SAMPLER, "--jobs", "1"], env={**os.environ, "NNCC_SAMPLE": str(folder)},
                   check=True, capture_output=True, timeout=120)
  for model in MODELS:
    for ending, form in (("txt", "text"), ("tex", "latex"), ("html", "html")):
      out = folder / f"{model.split('/')[1]}.{ending}"
      nn.run([nn.NNCC, TESTS / f"{model}.nn", f"--derive={form}", "-o", out], timeout=60)


def main():
  needed = {".html": "chromium", ".tex": "pdflatex"}
  tally = nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-pages-") as name:
    folder = pathlib.Path(name)
    write_pages(folder)
    shown = (".txt",) if nn.SANITIZED else (".html", ".tex", ".txt")
    pages = sorted(p for p in folder.iterdir() if p.suffix in shown)
    for page in pages:
      if page.suffix in needed and not shutil.which(needed[page.suffix]):
        print(f"{needed[page.suffix]} is missing (script/setup test): {page.name} left out")
      else:
        tally.case(page.name, check, page)
  tally.close()


if __name__ == "__main__":
  main()
