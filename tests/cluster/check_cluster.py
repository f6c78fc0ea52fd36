#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the scripts of docs/cluster.md, as they stand there, under a Slurm of its own. usage: check_cluster.py VITRAIL

A script is a paragraph indented by four spaces that has `# NAME: ...` or `# NAME ARGUMENTS: ...` in its first or second line.
Passes last a second, so each that is to be interrupted is first stopped in its middle (SIGSTOP); Slurm follows its SIGTERM by
SIGCONT. Ends with 77 where Slurm is not installed.
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py

import small_slurm

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "cluster.md"
SKIPPED = 77
# The fit that takes longest, so that a pass lasts, and a checkpoint after every block of 256 positions.
SLOWLY = ["--fit", "sectors", "--checkpoint", "0"]


def scripts_of(text):
    """{name: content} of the scripts on a page."""
    found = {}
    for block in re.findall(r"^    \S.*\n(?:    .*\n|\n(?=    ))*", text, re.MULTILINE):
        lines = [line[4:] for line in block.split("\n")]
        name = re.search(r"^# ([\w-]+\.(?:sh|yaml))\b.*:", "\n".join(lines[:2]), re.MULTILINE)
        if name:
            found[name.group(1)] = "\n".join(lines)
    return found


def process_of(job, program, rank=0):
    """The process of a job that runs this program, or None."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(folder / "exe")) == program and \
                    {f"SLURM_JOB_ID={job}".encode(), f"SLURM_PROCID={rank}".encode()} <= \
                    set((folder / "environ").read_bytes().split(b"\0")):
                return int(folder.name)
        except OSError:
            continue
    return None


class Check:
    def __init__(self, slurm, folder, vitrail):
        self.slurm, self.folder, self.vitrail = slurm, folder, vitrail

    def run(self, *command):
        subprocess.run([str(self.vitrail), *command, "--quiet"], cwd=self.folder, check=True)

    def prepare(self):
        for name, content in scripts_of(PAGE.read_text(encoding="utf-8")).items():
            (self.folder / name).write_text(content)
        self.run("simulate", "rings", "-o", "scan.npy", "--scan", "64x64", "--pattern", "64x64", "--contrast", "0")
        self.run("map", "scan.npy", "-o", "whole.h5", *SLOWLY)

    def printed(self, job):
        return (self.folder / f"slurm-{job}.out").read_text()

    def completes(self, job, seconds=120):
        ended = self.slurm.wait(job, seconds)
        assert ended["JobState"] == "COMPLETED" and ended["ExitCode"] == "0:0", f"{ended}\n{self.printed(job)}"
        return ended

    def is_whole(self, name):
        """The same map as that of the undisturbed pass; what h5diff says where it is not."""
        done = subprocess.run(["h5diff", "--exclude-path", "/entry/process", name, "whole.h5"], cwd=self.folder, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == 0, f"{name} differs from the undisturbed map\n{done.stdout}"
        assert not (self.folder / f"{name}.checkpoint").exists()

    def stop_in_the_middle(self, job, name):
        """Lets the pass work in short slices until something is in its checkpoint; returns the process, stopped."""
        found = []
        self.slurm.until(f"job {job} to run", lambda: found or found.extend(filter(None, [process_of(job, self.vitrail)])), 60)
        checkpoint = self.folder / f"{name}.checkpoint"
        for _ in range(3000):
            os.kill(found[0], signal.SIGSTOP)
            if checkpoint.exists() and checkpoint.stat().st_size > 200_000:
                assert not (self.folder / name).exists()
                return found[0]
            os.kill(found[0], signal.SIGCONT)
            time.sleep(0.02)
        raise AssertionError(f"no checkpoint of job {job}: {self.printed(job)}")

    def threads(self):
        """map.sh: as many threads as Slurm gave processors, three quarters of its memory."""
        job = self.slurm.submit("map.sh", "scan.npy", "threads.h5", *SLOWLY, cwd=self.folder)
        ended = self.completes(job)
        assert ended["NumCPUs"] == "8", ended
        with h5py.File(self.folder / "threads.h5") as file:
            command = str(file["/entry/process/map/command"][()])
        assert "--threads 8" in command and "--memory 3072M" in command, command
        self.is_whole("threads.h5")
        again = self.slurm.wait(self.slurm.submit("map.sh", "scan.npy", "threads.h5", *SLOWLY, cwd=self.folder))
        assert again["ExitCode"] == "1:0", again
        self.is_whole("threads.h5")

    def begin_long(self):
        """map-long.sh with a time limit of a minute, the shortest there is; the signal comes when Slurm next looks."""
        self.long = self.slurm.submit("--time=1", "--signal=TERM@50", "--cpus-per-task=2", "map-long.sh", "scan.npy",
                                      "long.h5", *SLOWLY, cwd=self.folder)
        self.stopped = self.stop_in_the_middle(self.long, "long.h5")

    def end_long(self):
        """The signal reaches the pass, which keeps its checkpoint; the job queues itself again and ends with the whole map."""
        self.goes_on_by_itself(self.long, "long.h5")

    def goes_on_by_itself(self, job, name):
        """On a busy machine the second attempt may meet the limit as well."""
        ended = self.completes(job, 300)
        assert int(ended["Restarts"]) >= 1, self.printed(job)
        assert re.search(r"interrupted at \d+ of 4096 positions", self.printed(job)), self.printed(job)
        self.is_whole(name)

    def cancelled(self, script):
        """scancel: no map and no second attempt, but a checkpoint, with which the next job ends with the whole map."""
        name = script.replace(".sh", "-cancelled.h5")
        command = ["--cpus-per-task=2", script, "scan.npy", name, *SLOWLY]
        job = self.slurm.submit(*command, cwd=self.folder)
        pid = self.stop_in_the_middle(job, name)
        self.slurm.call("scancel", job)
        self.slurm.until("the pass to end", lambda: not Path(f"/proc/{pid}").exists(), 60)
        ended = self.slurm.wait(job)
        assert ended["JobState"] == "CANCELLED" and ended["Restarts"] == "0", ended
        assert not (self.folder / name).exists() and (self.folder / f"{name}.checkpoint").stat().st_size > 200_000
        self.completes(self.slurm.submit(*command, cwd=self.folder))
        self.is_whole(name)

    def begin_ranks(self, name):
        """map-ranks.sh, once something is in its checkpoint."""
        job = self.slurm.submit("map-ranks.sh", "scan.npy", name, *SLOWLY, cwd=self.folder)
        checkpoint = self.folder / f"{name}.checkpoint"
        self.slurm.until(f"the checkpoint of job {job}", lambda: checkpoint.exists() and checkpoint.stat().st_size > 200_000, 60)
        assert not (self.folder / name).exists(), "the pass was too fast to be interrupted"
        return job

    def ranks(self):
        """map-ranks.sh: goes on after a signal to all ranks, and when submitted again after one of them was killed."""
        if not Path(os.environ.get("VITRAIL_MPI_MODULE", "")).is_file():
            print("skipped: built without MPI")
            return
        job = self.begin_ranks("ranks.h5")
        self.slurm.call("scancel", "--signal=TERM", job)
        self.goes_on_by_itself(job, "ranks.h5")
        job = self.begin_ranks("killed.h5")
        os.kill(process_of(job, self.vitrail, rank=2), signal.SIGKILL)
        ended = self.slurm.wait(job)
        assert ended["JobState"] == "FAILED" and ended["Restarts"] == "0", ended
        assert not (self.folder / "killed.h5").exists()
        self.completes(self.slurm.submit("map-ranks.sh", "scan.npy", "killed.h5", *SLOWLY, cwd=self.folder))
        self.is_whole("killed.h5")

    def series(self):
        """submit-series.sh: one calibration, an array, a report of all."""
        (self.folder / "recordings").mkdir()
        for seed in "123":
            self.run("simulate", "rings", "-o", f"recordings/s{seed}.npy", "--scan", "16x16", "--pattern", "64x64", "--seed", seed)
            (self.folder / "recordings" / f"s{seed}_truth.h5").unlink()
        last = re.search(r"\d+", self.slurm.call("bash", "submit-series.sh", cwd=self.folder)).group()
        self.completes(last)
        page = (self.folder / "series.html").read_text()
        for seed in "123":
            with h5py.File(self.folder / "maps" / f"s{seed}.h5") as file, h5py.File(self.folder / "calibration.h5") as first:
                assert file["/entry/strain/exx"].shape == (16, 16)
                assert (file["/entry/calibration/mask"][()] == first["/entry/calibration/mask"][()]).all()
            assert f"s{seed}.h5" in page, f"s{seed} is not in the report"


def main():
    missing = small_slurm.missing()
    if missing:
        print(f"skipped: Slurm is not installed ({', '.join(missing)}: tools/install-deps)")
        return SKIPPED
    vitrail = Path(sys.argv[1]).resolve()
    os.environ["PATH"] = f"{vitrail.parent}:{os.environ['PATH']}"
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="vitrail-slurm-") as name:
        folder = Path(name)
        (folder / "slurm").mkdir()
        with small_slurm.Slurm(folder / "slurm") as slurm:
            (folder / "work").mkdir()
            check = Check(slurm, folder / "work", vitrail)
            check.prepare()
            check.begin_long()
            for part, *arguments in [(check.threads,), (check.cancelled, "map.sh"), (check.cancelled, "map-long.sh"),
                                     (check.ranks,), (check.series,), (check.end_long,)]:
                part(*arguments)
                print(f"{time.monotonic() - begin:6.1f} s: {' '.join([part.__name__, *arguments])}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
