//! The closed-loop load client: each connection sends its next request when it has its answer.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tokio::task::{JoinSet, LocalSet};

use crate::answer::Expected;
use crate::connection::Connection;
use crate::error::Error;
use crate::stopwatch::now;

/// What one run sends, and to whom. Its request holds a secret: it has no `Debug`.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    pub(crate) request: Bytes,
    pub(crate) expected: Expected,
    pub(crate) duration: Duration,
    pub(crate) connections: usize,
    pub(crate) clients: Clients,
}

/// The threads of the client.
#[derive(Clone, Copy)]
pub(crate) enum Clients {
    /// This many, each held on a core of its own, counted from the last.
    Pinned(usize),
    /// One for each core, wherever the system puts them.
    Everywhere,
}

/// What came back.
pub(crate) struct Load {
    pub(crate) answers: u64,
    /// The longest any thread took from its first request to its last answer.
    pub(crate) elapsed: Duration,
    /// Nanoseconds from a request to the end of its answer.
    pub(crate) latency: Histogram<u64>,
}

/// How long after its end a run may wait for its last answers.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the plan on threads of its own and blocks until they are done.
///
/// # Errors
/// The first wrong answer, broken connection or overdue answer ends the run.
pub(crate) fn run(plan: &Plan) -> Result<Load, Error> {
    let threads = plan.clients.count().min(plan.connections).max(1);
    let loads: Vec<_> = thread::scope(|scope| {
        let spawned: Vec<_> = (0..threads)
            .map(|number| scope.spawn(move || one_thread(plan, number, threads)))
            .collect();
        spawned.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(died()))).collect()
    });
    let mut sum = Load::empty()?;
    for load in loads {
        sum.add(load?)?;
    }
    Ok(sum)
}

impl Clients {
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Pinned(threads) => threads,
            Self::Everywhere => thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

fn one_thread(plan: &Plan, number: usize, threads: usize) -> Result<Load, Error> {
    if matches!(plan.clients, Clients::Pinned(_)) {
        pin(number).map_err(|error| Error::io("pin a client thread")(error.into()))?;
    }
    // The remainder goes to the first threads: 64 connections on 3 threads are 22, 21, 21.
    let connections = (plan.connections + threads - 1 - number) / threads;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::io("start a client thread"))?;
    LocalSet::new().block_on(&runtime, drive(Arc::new(plan.clone()), connections))
}

/// Holds this thread on the allowed core that is `number` before the last.
fn pin(number: usize) -> rustix::io::Result<()> {
    let allowed = sched_getaffinity(None)?;
    let cores: Vec<_> = (0..CpuSet::MAX_CPU).rev().filter(|core| allowed.is_set(*core)).collect();
    let Some(core) = cores.get(number % cores.len().max(1)) else { return Ok(()) };
    let mut only = CpuSet::new();
    only.set(*core);
    sched_setaffinity(None, &only)
}

async fn drive(plan: Arc<Plan>, connections: usize) -> Result<Load, Error> {
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(plan.address).await?);
    }
    let load = Rc::new(RefCell::new(Load::empty()?));
    let begin = now();
    let mut loops = JoinSet::new();
    for connection in open {
        loops.spawn_local(exchange(connection, Arc::clone(&plan), begin, Rc::clone(&load)));
    }
    let all = async {
        while let Some(ended) = loops.join_next().await {
            ended.unwrap_or_else(|_| Err(died()))?;
        }
        Ok(())
    };
    let overdue = |_| Error::child("load client", "waited 10 s for an answer that did not come");
    tokio::time::timeout(plan.duration + GRACE, all).await.map_err(overdue)??;
    Ok(load.replace(Load::empty()?))
}

/// One connection's loop, until the plan's duration has passed since `begin`.
async fn exchange(
    mut connection: Connection,
    plan: Arc<Plan>,
    begin: Instant,
    load: Rc<RefCell<Load>>,
) -> Result<(), Error> {
    let mut sent = now();
    loop {
        let verify =
            |head: crate::answer::Head, body: &[u8]| plan.expected.verify(head.status, body);
        connection.exchange(&plan.request, verify).await?;
        let answered = now();
        let elapsed = answered - begin;
        load.borrow_mut().count(answered - sent, elapsed);
        if elapsed >= plan.duration {
            return Ok(());
        }
        sent = answered;
    }
}

fn died() -> Error {
    Error::child("load client", "died; its message is above")
}

impl Load {
    fn empty() -> Result<Self, Error> {
        let latency = Histogram::new_with_max(LATENCY_NS_MAX, 2)
            .map_err(|_| Error::child("load client", "has no histogram of that range"))?;
        Ok(Self { answers: 0, elapsed: Duration::ZERO, latency })
    }

    fn count(&mut self, latency: Duration, elapsed: Duration) {
        self.answers += 1;
        self.elapsed = self.elapsed.max(elapsed);
        self.latency.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    fn add(&mut self, other: Self) -> Result<(), Error> {
        self.answers += other.answers;
        self.elapsed = self.elapsed.max(other.elapsed);
        let unlike = |_| Error::child("load client", "has histograms of unlike range");
        self.latency.add(other.latency).map_err(unlike)
    }
}

const LATENCY_NS_MAX: u64 = 60_000_000_000;
