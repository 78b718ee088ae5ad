//! A child process that never outlives its owner.

use std::io;
use std::process::{Child, ChildStdout, Command, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{sleep, timeout};

use crate::error::Error;

/// Ended by its process id when dropped, on every path out of a measurement.
pub(crate) struct Process {
    child: Child,
    name: String,
}

/// How long a server may take to end after SIGTERM.
const STOP: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(20);

impl Process {
    pub(crate) fn start(name: &str, command: &mut Command) -> Result<Self, Error> {
        let failed = |error: io::Error| Error::child(name, format!("cannot be started: {error}"));
        Ok(Self { child: command.spawn().map_err(failed)?, name: name.to_owned() })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn stdout(&mut self) -> Result<ChildStdout, Error> {
        self.child.stdout.take().ok_or_else(|| Error::child(&self.name, "has no output to read"))
    }

    /// # Errors
    /// The process has ended.
    pub(crate) fn ensure_running(&mut self) -> Result<(), Error> {
        match self.poll()? {
            None => Ok(()),
            Some(status) => Err(Error::child(&self.name, format!("ended early, {status}"))),
        }
    }

    /// Waits for it to end by itself.
    pub(crate) async fn wait(&mut self) -> Result<ExitStatus, Error> {
        loop {
            if let Some(status) = self.poll()? {
                return Ok(status);
            }
            sleep(POLL).await;
        }
    }

    /// Asks it to end, and reports one that will not, or that fails on its way out.
    pub(crate) async fn stop(mut self) -> Result<(), Error> {
        self.ensure_running()?;
        // Not yet waited for, so the id is still this child's.
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Error::child(&self.name, "has no process id"))?;
        let failed = Error::io(format!("end process {}", self.pid()));
        kill_process(pid, Signal::TERM).map_err(|error| failed(error.into()))?;
        let ended = timeout(STOP, self.wait()).await;
        let overdue = |_| Error::child(&self.name, "did not end within 15 s of SIGTERM");
        ended.map_err(overdue)?.map(drop)
    }

    fn poll(&mut self) -> Result<Option<ExitStatus>, Error> {
        self.child.try_wait().map_err(Error::io(format!("wait for `{}`", self.name)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only for a process that has ended and was waited for already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
