"""Runs the groups of tests/library: one model a group, compared with its cases' twins."""

import concurrent.futures

import numpy
import torch

from compare import test_torch
from compare.twins.registry import draw_data, draw_parameters
from library.case import model_text, twin_of
from support import nn


def run_group(name, cases, folder, reals, flags):
  folder.mkdir(parents=True, exist_ok=True)
  model = folder / f"{name}.nn"
  model.write_text(model_text(cases), encoding="utf-8")
  twin = twin_of(cases)
  random = numpy.random.default_rng(sum(map(ord, name)))
  weights = draw_parameters(twin.parameters, random)
  data = draw_data(twin.data, random, twin.batch)
  truth = test_torch.truth_of(twin, weights, data)
  test_torch.write_case(folder, weights, data)
  notes = [test_torch.run_real(model, twin, folder, real, data, truth, check=False,
                               flags=flags and flags[real])
           for real in reals]
  return f"{len(cases)} cases: " + ", ".join(notes)


def run_groups(tally, groups, chosen, root, reals, flags=None):
  """flags: by type, what to compile with in place of test_torch.flags_of()."""
  torch.set_num_threads(1)
  with concurrent.futures.ThreadPoolExecutor(2) as pool:
    jobs = [(name, pool.submit(run_group, name, cases, root / name, reals, flags))
            for name, cases in groups.items() if name in (chosen or [name])]
    for name, job in jobs:
      tally.case(name, job.result)
