//! A bounded pool of threads for whatever blocks on the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::error::StoreError;
use crate::store::Options;

type Job = Box<dyn FnOnce() + Send>;

/// The queue of the readers. They end when it is dropped, after what is queued.
pub(crate) struct Readers {
    queue: Sender<Job>,
}

impl Readers {
    pub(crate) fn start(options: &Options) -> Result<Readers, StoreError> {
        let (queue, jobs) = bounded(options.reads_queued_max.max(1));
        for _ in 0..options.readers_max.max(1) {
            let jobs = jobs.clone();
            let reader = thread::Builder::new().name("latchkey-read".into());
            reader.spawn(move || serve(&jobs)).map_err(|error| StoreError::Io {
                doing: "starting a reader of the store",
                detail: error.to_string(),
            })?;
        }
        Ok(Readers { queue })
    }

    /// Queues a job, or refuses it at once.
    pub(crate) fn submit(&self, job: Job) -> Result<(), StoreError> {
        self.queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Abandoned,
        })
    }
}

fn serve(jobs: &Receiver<Job>) {
    for job in jobs {
        // A job that panics drops its own answer, which tells whoever waits; the reader goes on.
        drop(catch_unwind(AssertUnwindSafe(job)));
    }
}
