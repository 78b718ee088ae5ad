//! Alternating rounds of ceiling and gateway, and what they come to.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use serde::Serialize;
use tokio::task::spawn_blocking;

use crate::answer::Expected;
use crate::checks::{self, Question};
use crate::error::Error;
use crate::figures::Spread;
use crate::load::{self, Clients, Plan};
use crate::processor::ProcessorTime;
use crate::report::{Report, Row};
use crate::scenario::{self, Bound, Demo, Kind, Scenario, Secret};
use crate::servers::{self, Gateway, Server};

/// How the rounds are run.
#[derive(Args, Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Effort {
    /// Rounds of each scenario; in each, ceiling and gateway take turns in going first.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) rounds: u32,
    /// Seconds of load on each server in a round.
    #[arg(long, default_value = "3", value_parser = seconds)]
    pub(crate) seconds: f64,
    /// Connections, each with one request under way.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4_096))]
    pub(crate) connections: u16,
    /// Client threads, each held on a core of its own (for throughput: one for each core).
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    client_threads: u16,
    /// The permission names that the batch is drawn from.
    #[arg(long, default_value = "data/gcp-iam.json.gz")]
    data_set: PathBuf,
}

/// What one server did in one round.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sample {
    pub(crate) answers: u64,
    pub(crate) elapsed_s: f64,
    pub(crate) processor_s: f64,
    /// The load client's own, in the same time: it shares the cores with the server.
    pub(crate) client_processor_s: f64,
    pub(crate) latency_p50_us: f64,
    pub(crate) latency_p99_us: f64,
}

/// The samples of one round, taken one right after the other.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Pair {
    pub(crate) ceiling: Sample,
    pub(crate) gateway: Option<Sample>,
}

const BATCH_CHECKS: usize = 1_000;
const BATCH_SEED: u64 = 1;
const WARM_UP: Duration = Duration::from_millis(500);

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.05..=600.0).contains(seconds));
    seconds.ok_or_else(|| format!("`{text}` is not between 0.05 and 600 seconds"))
}

/// Gateway against ceiling: validate, check, batch, and the throughput of validate.
pub(crate) async fn gateway(latchkey: PathBuf, effort: Effort) -> Result<Report, Error> {
    // Read first: a missing data set is told before anything is loaded.
    let questions = checks::draw(&effort.data_set, BATCH_CHECKS, BATCH_SEED)?;
    eprintln!("loading the demonstration tenant");
    let gateway = servers::gateway(&latchkey).await?;
    let mut report = Report::new(&effort);
    for (scenario, clients) in scenarios(&gateway.demo, &questions, &effort) {
        report.rows.push(against_ceiling(&gateway, scenario, clients, &effort).await?);
    }
    gateway.stop().await?;
    Ok(report)
}

/// The ceiling alone, with requests of the same shape and answers of about the same size.
pub(crate) async fn ceiling(answer_bytes: usize, effort: Effort) -> Result<Report, Error> {
    let questions = checks::draw(&effort.data_set, BATCH_CHECKS, BATCH_SEED)?;
    let demo = stand_in();
    let mut report = Report::new(&effort);
    for (scenario, clients) in scenarios(&demo, &questions, &effort) {
        let answer_bytes = match scenario.kind {
            // A result repeats the question and adds `"allowed":false,`.
            Kind::Batch { .. } => scenario.request.len() + BATCH_CHECKS * 16,
            Kind::Validate | Kind::Check => answer_bytes,
        };
        let server = servers::ceiling_with_body(answer_bytes).await?;
        let bench = Bench { ceiling: &server, gateway: None, clients, effort: &effort };
        report.rows.push(bench.row(&scenario, Expected::default()).await?);
        server.process.stop().await?;
    }
    Ok(report)
}

/// Each scenario with the client threads that drive it.
fn scenarios(demo: &Demo, questions: &[Question], effort: &Effort) -> Vec<(Scenario, Clients)> {
    let pinned = Clients::Pinned(usize::from(effort.client_threads));
    let throughput = Scenario {
        name: "throughput of validate, all cores busy",
        must: Bound::RateRatioMin(0.6),
        aim: Bound::RateRatioMin(0.8),
        ..scenario::validate(demo)
    };
    vec![
        (scenario::validate(demo), pinned),
        (scenario::check(demo), pinned),
        (scenario::batch(demo, questions), pinned),
        (throughput, Clients::Everywhere),
    ]
}

/// Texts as long as those of a demonstration tenant.
fn stand_in() -> Demo {
    let id = "00000000-0000-7000-8000-000000000000".to_owned();
    Demo {
        tenant_id: id.clone(),
        service_key: Secret::new(&"k".repeat(52)),
        sample_user_id: id,
        sample_permission: Question {
            resource: "compute.instances".to_owned(),
            action: "get".to_owned(),
        },
    }
}

async fn against_ceiling(
    gateway: &Gateway,
    scenario: Scenario,
    clients: Clients,
    effort: &Effort,
) -> Result<Row, Error> {
    let first = gateway.server.probe(&scenario.request).await?;
    let address = gateway.server.address;
    let expected = scenario.kind.expect(&first.body);
    let expected = expected.map_err(|reason| Error::Answer { address, reason })?;
    let server = servers::ceiling(first.answer_bytes, &scenario.request).await?;
    let bench = Bench { ceiling: &server, gateway: Some(&gateway.server), clients, effort };
    let row = bench.row(&scenario, expected).await?;
    server.process.stop().await?;
    Ok(row)
}

/// The servers of one scenario.
struct Bench<'a> {
    ceiling: &'a Server,
    gateway: Option<&'a Server>,
    clients: Clients,
    effort: &'a Effort,
}

impl Bench<'_> {
    async fn row(&self, scenario: &Scenario, expected: Expected) -> Result<Row, Error> {
        let answer_bytes = self.ceiling.probe(&scenario.request).await?.answer_bytes;
        let request = scenario.request.clone();
        let bare = self.plan(self.ceiling, request.clone(), Expected::default());
        let full = self.gateway.map(|server| (server, self.plan(server, request, expected)));
        self.warm_up(&bare, full.as_ref().map(|(_, plan)| plan)).await?;
        let mut pairs = Vec::new();
        for round in 0..self.effort.rounds {
            eprintln!("{}: round {} of {}", scenario.name, round + 1, self.effort.rounds);
            pairs.push(self.pair(&bare, full.as_ref(), round % 2 == 1).await?);
        }
        Ok(Row::of(scenario, answer_bytes, pairs))
    }

    async fn warm_up(&self, bare: &Plan, full: Option<&Plan>) -> Result<(), Error> {
        for plan in [Some(bare), full].into_iter().flatten() {
            let plan = Plan { duration: WARM_UP.min(plan.duration), ..plan.clone() };
            drive(plan).await?;
        }
        Ok(())
    }

    /// One after the other, in turns, so that neither always has the quieter moment.
    async fn pair(
        &self,
        bare: &Plan,
        full: Option<&(&Server, Plan)>,
        gateway_first: bool,
    ) -> Result<Pair, Error> {
        let Some((server, full)) = full else {
            return Ok(Pair { ceiling: measure(self.ceiling, bare).await?, gateway: None });
        };
        if gateway_first {
            let gateway = Some(measure(server, full).await?);
            return Ok(Pair { ceiling: measure(self.ceiling, bare).await?, gateway });
        }
        let ceiling = measure(self.ceiling, bare).await?;
        Ok(Pair { ceiling, gateway: Some(measure(server, full).await?) })
    }

    fn plan(&self, server: &Server, request: Bytes, expected: Expected) -> Plan {
        Plan {
            address: server.address,
            request,
            expected,
            duration: Duration::from_secs_f64(self.effort.seconds),
            connections: usize::from(self.effort.connections),
            clients: self.clients,
        }
    }
}

async fn measure(server: &Server, plan: &Plan) -> Result<Sample, Error> {
    let pid = server.process.pid();
    let client_before = ProcessorTime::read(std::process::id())?;
    let before = ProcessorTime::read(pid)?;
    let load = drive(plan.clone()).await?;
    let processor = ProcessorTime::read(pid)?.since(&before);
    let client = ProcessorTime::read(std::process::id())?.since(&client_before);
    let quantile_us = |quantile| {
        Duration::from_nanos(load.latency.value_at_quantile(quantile)).as_secs_f64() * 1e6
    };
    Ok(Sample {
        answers: load.answers,
        elapsed_s: load.elapsed.as_secs_f64(),
        processor_s: processor.as_secs_f64(),
        client_processor_s: client.as_secs_f64(),
        latency_p50_us: quantile_us(0.5),
        latency_p99_us: quantile_us(0.99),
    })
}

async fn drive(plan: Plan) -> Result<load::Load, Error> {
    let done = spawn_blocking(move || load::run(&plan)).await;
    done.map_err(|_| Error::child("load client", "died; its message is above"))?
}

impl Sample {
    /// Microseconds of the server's processor time for one of `units` decisions a request.
    pub(crate) fn cost_us(&self, units: u32) -> f64 {
        self.processor_s * 1e6 / self.requests() / f64::from(units)
    }

    pub(crate) fn rate(&self) -> f64 {
        self.requests() / self.elapsed_s
    }

    #[expect(clippy::cast_precision_loss, reason = "a round has far fewer than 2^52 answers")]
    fn requests(&self) -> f64 {
        self.answers as f64
    }
}

/// The figure of each round, and its median and ends.
pub(crate) fn spread(pairs: &[Pair], figure: impl Fn(&Pair) -> Option<f64>) -> Option<Spread> {
    Spread::of(pairs.iter().map(figure).collect::<Option<Vec<_>>>()?)
}
