"""What describes the command lines of nncc and of an emitted program agrees with what they take:
completions load and offer the options in bash and zsh, manual pages name every option and are
formatted without a warning."""

import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                        # noqa: E402

BUILD = pathlib.Path(os.environ.get("BUILD_DIR", nn.ROOT / "build" / "r"))

COMPLETE = """
source ./script
COMP_WORDS=({words}) COMP_CWORD={at}
$(complete -p | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def options_of(help_text):
  """The long options that a --help lists."""
  return set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", help_text, re.MULTILINE))


def bash_offers(folder, *words):
  """What bash would offer for the last of the words."""
  quoted = " ".join(f"'{word}'" for word in words)
  done = nn.must(["bash", "--norc", "-c", COMPLETE.format(words=quoted, at=len(words) - 1)],
                 cwd=folder)
  nn.demand(done.stderr == "", done.stderr)
  return set(done.stdout.split())


def check_bash_nncc(folder):
  (folder / "script").write_text(nn.must([nn.NNCC, "--completion", "bash"]).stdout)
  offered = bash_offers(folder, "nncc", "--")
  listed = options_of(nn.must([nn.NNCC, "--help"]).stdout)
  nn.demand(offered == listed, f"{offered ^ listed} differ")
  for words, wanted in ((("--real", ""), {"float", "double"}), (("--real", "=", "d"), {"double"}),
                        (("--dump", "="), {"ast", "forward", "backward", "plan", "steps"}),
                        (("--he",), {"--header", "--help"}), (("-o", "scr"), {"script"}),
                        (("scr",), {"script"}), (("--define", ""), set())):
    offered = bash_offers(folder, "nncc", *words)
    nn.demand(offered == wanted, f"{words}: {offered}")


def check_nothing_lost(folder):
  """The compiler writes neither over its model nor twice to one file."""
  model = folder / "own.nn"
  model.write_text("input x[2]\nz = dense(x, 1)\noutput z\n")
  (folder / "link.nn").symlink_to("own.nn")
  text = model.read_text()
  for options, says in ((["-o", "own.nn"], "-o own.nn would replace the model"),
                        (["-o", "link.nn"], "-o link.nn would replace the model"),
                        (["--header", "./own.nn"], "--header ./own.nn would replace the model"),
                        (["-o", "own.c", "--header", "own.c"], "-o and --header both write own.c")):
    done = nn.run([nn.NNCC, "own.nn", *options], cwd=folder)
    nn.demand(done.returncode == 1 and done.stderr.count("\n") == 1 and says in done.stderr, done.stderr)
    nn.demand(model.read_text() == text and not (folder / "own.c").exists(), f"{options}: files changed")


def commands_of(program):
  said = nn.must([program, "--help"]).stdout
  return re.findall(r"^  ([a-z]+) ", said, re.MULTILINE)


def check_bash_program(program):
  folder = program.parent
  (folder / "script").write_text(nn.must([program, "completion", "bash"]).stdout)
  commands = commands_of(program)
  nn.demand({"train", "predict"} <= set(commands), f"commands {commands}")
  offered = bash_offers(folder, program.name, "")
  nn.demand(offered == {*commands, "--help"}, f"commands: {offered}")
  for command in set(commands) - {"help"}:
    listed = options_of(nn.must([program, command, "--help"]).stdout)
    offered = bash_offers(folder, program.name, command, "--")
    nn.demand(offered == listed, f"{command}: {offered ^ listed} differ")
  for words in (("train", "--data", "scr"), ("test", "--data", "x", "=", "scr"),
                ("train", "--load", "=", "scr")):
    nn.demand(bash_offers(folder, program.name, *words) == {"script"}, f"no file for {words}")
  nn.demand(bash_offers(folder, program.name, "train", "--epochs", "scr") == set(), "--epochs")
  return f"{len(commands)} commands"


def zsh_screen(folder, line, seconds=20):
  """What stands on the terminal after `line` and two tabs were typed into an interactive zsh."""
  process, terminal = pty.fork()
  if process == 0:
    os.chdir(folder)
    os.environ.update(ZDOTDIR=str(folder), TERM="dumb", PS1="% ")
    os.execvp("zsh", ["zsh", "-i"])
  shown, begun, typed = "", time.monotonic(), False
  while time.monotonic() - begun < seconds:
    ready, _, _ = select.select([terminal], [], [], 1.0)
    if ready:
      shown += os.read(terminal, 65536).decode(errors="replace")
    if not typed and "READY" in shown:
      os.write(terminal, line.encode() + b"\t\t")
      typed = True
    elif typed and not ready and len(shown) > 200:
      break
  os.kill(process, 9)
  os.waitpid(process, 0)
  os.close(terminal)
  return shown


def check_zsh(folder, script, line, wanted):
  (folder / "zscript").write_text(script)
  (folder / ".zshrc").write_text("autoload -Uz compinit && compinit -u -D\nsource ./zscript\n"
                                 "LISTMAX=1000 COLUMNS=200 LINES=200\nprint READY\n")
  nn.must(["zsh", "-n", folder / "zscript"])
  shown = zsh_screen(folder, line)
  missing = {word for word in wanted if word not in shown}
  nn.demand(not missing, f"{line}: {missing} not offered: {shown[-300:]!r}")


def check_manual(page, help_text):
  done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-P-c"], input=page, text=True,
                        capture_output=True, check=True)
  nn.demand(done.stderr == "", done.stderr.strip()[:300])
  shown = re.sub(r".\x08", "", done.stdout)
  for part in ("NAME", "SYNOPSIS", "OPTIONS", "EXIT STATUS", "SEE ALSO"):
    nn.demand(re.search(rf"^{part}$", shown, re.MULTILINE), f"no section {part}")
  missing = {name for name in options_of(help_text) if not re.search(rf"{name}\b", shown)}
  nn.demand(not missing, f"not in the page: {missing}")
  return f"{len(shown.splitlines())} lines"


def check_pages():
  """What is built for installation is what the programs print."""
  for name, option in (("nncc.1", ["--manual"]), ("nncc.bash", ["--completion", "bash"]),
                       ("_nncc", ["--completion", "zsh"])):
    nn.demand((BUILD / "pages" / name).read_text() == nn.must([nn.NNCC, *option]).stdout, name)
  nn.demand(r"\-\-epochs" in (BUILD / "pages" / "nnrt-program.1").read_text(), "nnrt-program.1")


def refuses(command, status, *words):
  done = nn.run(command)
  nn.demand(done.returncode == status, f"status {done.returncode}")
  nn.demand(done.stdout == "" and done.stderr.count("\n") == 1, done.stdout + done.stderr)
  for word in words:
    nn.demand(word in done.stderr, f"'{word}' not in {done.stderr}")


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-cli-") as name:
    folder = pathlib.Path(name)
    program = nn.build(nn.ROOT / "examples" / "logistic" / "logistic.nn", folder, stem="logit",
                       flags=nn.PLAINLY)
    help_of = {nn.NNCC: nn.must([nn.NNCC, "--help"]).stdout,
               program: nn.must([program, "--help"]).stdout}
    tally.case("bash completes nncc", check_bash_nncc, folder)
    tally.case("bash completes a program", check_bash_program, program)
    if shutil.which("zsh"):
      tally.case("zsh completes nncc", check_zsh, folder,
                 nn.must([nn.NNCC, "--completion", "zsh"]).stdout, "nncc --",
                 options_of(help_of[nn.NNCC]))
      tally.case("zsh completes a program's commands", check_zsh, folder,
                 nn.must([program, "completion", "zsh"]).stdout, "logit ", commands_of(program))
      tally.case("zsh completes a program's options", check_zsh, folder,
                 nn.must([program, "completion", "zsh"]).stdout, "logit train --",
                 options_of(nn.must([program, "train", "--help"]).stdout))
    else:
      tally.skipped += 3
    for of, command in ((nn.NNCC, "--manual"), (program, "manual")):
      tally.case(f"manual of {pathlib.Path(of).name}", check_manual, nn.must([of, command]).stdout,
                 help_of[of])
    tally.case("pages to install", check_pages)
    tally.case("nothing lost", check_nothing_lost, folder)
    tally.case("an unknown shell, nncc", refuses, [nn.NNCC, "--completion", "fish"], 1, "fish",
               "bash and zsh")
    tally.case("an unknown shell", refuses, [program, "completion", "fish"], 2, "fish",
               "bash and zsh")
    tally.case("no shell", refuses, [program, "completion"], 2, "completion bash|zsh")
  tally.close()


if __name__ == "__main__":
  main()
