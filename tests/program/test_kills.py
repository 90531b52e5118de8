"""Five kills at random moments, each resumed: the run ends as the one that was left alone."""

import kills

if __name__ == "__main__":
  kills.main(5)
