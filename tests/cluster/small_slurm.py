# SPDX-License-Identifier: GPL-3.0-or-later
"""A Slurm of our own on this machine: munged, slurmctld and slurmd of the distribution's packages, with keys, sockets, ports
and state in one folder, as the user who calls, gone at the end. No cgroups and no systemd are needed, so it runs in a container.

    with Slurm(folder) as slurm:
        job = slurm.submit("script.sh", cwd)
        print(slurm.wait(job)["JobState"])
"""
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "scancel"]
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE"}

# One node that claims more processors than there may be: what is tried is the handing out, not the speed. A job that is
# requeued waits for cred_expire, two minutes unless set.
CONFIGURATION = """\
ClusterName=vitrail
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
KillWait=3
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=65536
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
"""


def search_path():
    """With the folders of daemons, which not every user's path has."""
    return os.environ["PATH"] + ":/usr/sbin:/sbin"


def missing():
    """The programs that are not installed."""
    return [name for name in PROGRAMS if not shutil.which(name, path=search_path())]


def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Slurm:
    def __init__(self, folder, cpus=32):
        self.folder, self.cpus, self.daemons = Path(folder), cpus, []
        self.environment = dict(os.environ, PATH=search_path(), SLURM_CONF=str(self.folder / "slurm.conf"))

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        for name in ["state", "spool"]:
            (self.folder / name).mkdir(mode=0o755)
        self.configure()
        self.start_munge()
        self.daemon("slurmctld", "-D")
        self.daemon("slurmd", "-D")
        self.until("the node to be idle", lambda: self.call("sinfo", "-h", "-o", "%T", check=False).strip() == "idle", 60)

    def configure(self):
        controller_port, node_port = free_ports(2)
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(
            host=socket.gethostname().split(".")[0], user=pwd.getpwuid(os.geteuid()).pw_name, folder=self.folder,
            controller_port=controller_port, node_port=node_port, cpus=self.cpus))
        # slurmd looks for cgroups even where nothing uses them; from 23.02 on it can be told not to, in words that older ones refuse.
        version = self.call("slurmctld", "-V").split()[-1].split(".")
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=disabled\n" if int(version[0]) >= 23 else "")

    def start_munge(self):
        """munged wants a socket that all may reach, in folders that nobody else may write to; --force lets it have /tmp."""
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        files = {"socket": "munge.socket", "pid-file": "munge.pid", "seed-file": "munge.seed", "log-file": "munge.log"}
        self.daemon("munged", "--foreground", "--force", f"--key-file={key}",
                    *[f"--{option}={self.folder / name}" for option, name in files.items()])
        self.until("munged", (self.folder / "munge.socket").exists, 20)

    def daemon(self, name, *options):
        log = open(self.folder / f"{name}.out", "wb")
        self.daemons.append((name, subprocess.Popen(
            [shutil.which(name, path=search_path()), *options], env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
            stderr=log, start_new_session=True)))
        log.close()

    def stop(self):
        """Ends the jobs, then the daemons, the last one first; what does not end in time is killed."""
        if len(self.daemons) > 1:
            self.call("scancel", "--user", str(os.geteuid()), check=False)
            self.until("the jobs to end", lambda: not self.call("squeue", "-h", check=False).strip(), 20, must=False)
        for name, process in reversed(self.daemons):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                print(f"{name} does not end and is killed", flush=True)
                process.kill()
                process.wait()
        self.daemons = []

    def until(self, what, holds, seconds, must=True):
        end = time.monotonic() + seconds
        while not holds():
            for name, process in self.daemons:
                assert process.poll() is None, f"{name} ended with {process.returncode}\n{self.logs()}"
            if time.monotonic() > end:
                assert not must, f"waited {seconds} s for {what}\n{self.logs()}"
                return
            time.sleep(0.1)

    def logs(self):
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}"
                         for path in sorted(self.folder.glob("*.out")))

    def call(self, *command, cwd=None, check=True):
        done = subprocess.run(command, env=self.environment, cwd=cwd, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
        assert not check or done.returncode == 0, f"{' '.join(command)}: status {done.returncode}\n{done.stdout}\n{self.logs()}"
        return done.stdout

    def submit(self, *arguments, cwd):
        """sbatch with these arguments; the job's number."""
        return self.call("sbatch", "--parsable", *arguments, cwd=cwd).strip().split(";")[0]

    def job(self, number):
        """What scontrol says of a job, as a dictionary."""
        text = self.call("scontrol", "show", "--oneliner", "job", number)
        return dict(re.findall(r"(\S+?)=(\S*)", text.splitlines()[0]))

    @staticmethod
    def is_over(job):
        return job["JobState"] in ENDED

    def wait(self, number, seconds=120):
        """The job, once it has ended."""
        self.until(f"job {number} to end", lambda: self.is_over(self.job(number)), seconds)
        return self.job(number)
