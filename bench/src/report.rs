//! The table for a terminal and for Markdown, and the JSON of a run.

use std::thread;

use serde::Serialize;

use crate::compare::{Effort, Pair, Sample, spread};
use crate::figures::Spread;
use crate::scenario::{Bound, Scenario};

/// All that one run found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    cores: usize,
    effort: Effort,
    pub(crate) rows: Vec<Row>,
}

/// One scenario: microseconds a decision, or answers a second where the bound is a rate.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    name: &'static str,
    request_bytes: usize,
    answer_bytes: usize,
    must: Bound,
    aim: Bound,
    ceiling: Option<Spread>,
    gateway: Option<Spread>,
    /// Median of the ratios of the rounds, which a neighbour's noise hardly moves.
    ratio: Option<Spread>,
    samples: Vec<Pair>,
}

impl Report {
    pub(crate) fn new(effort: &Effort) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self { cores, effort: effort.clone(), rows: Vec::new() }
    }

    /// A Markdown table, its columns aligned so that a terminal shows it well too.
    pub(crate) fn table(&self) -> String {
        let mut lines = vec![HEADER.map(str::to_owned)];
        lines.extend(self.rows.iter().map(Row::cells));
        let mut text = String::new();
        for (number, line) in lines.iter().enumerate() {
            push_line(&mut text, &lines, line, ' ');
            if number == 0 {
                push_line(&mut text, &lines, &HEADER.map(|_| String::new()), '-');
            }
        }
        text.push_str(&self.conditions());
        text
    }

    /// How the figures came about, and what the throughput is a throughput of.
    fn conditions(&self) -> String {
        let Effort { rounds, seconds, connections, .. } = &self.effort;
        format!(
            "\n{} cores, {connections} connections, medians of {rounds} rounds of {seconds} s. \
             Costs are the server's processor time. Throughput is that of server and client \
             together, on the same cores: the client's share draws its ratio towards 1.\n",
            self.cores,
        )
    }
}

const HEADER: [&str; 7] =
    ["scenario", "bare hyper", "gateway", "ratio (of rounds)", "must", "aim", "reached"];

fn push_line(text: &mut String, lines: &[[String; 7]], line: &[String; 7], fill: char) {
    for (column, cell) in line.iter().enumerate() {
        let cells = lines.iter().filter_map(|line| line.get(column));
        let width = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        let padding = fill.to_string().repeat(width.saturating_sub(cell.chars().count()));
        text.extend(["| ", cell, &padding, " "]);
    }
    text.push_str("|\n");
}

impl Row {
    pub(crate) fn of(scenario: &Scenario, answer_bytes: usize, samples: Vec<Pair>) -> Self {
        let rated = matches!(scenario.must, Bound::RateRatioMin(_));
        let units = scenario.kind.units();
        let figure = |sample: &Sample| if rated { sample.rate() } else { sample.cost_us(units) };
        let gateway = |pair: &Pair| pair.gateway.as_ref().map(figure);
        Self {
            name: scenario.name,
            request_bytes: scenario.request.len(),
            answer_bytes,
            must: scenario.must,
            aim: scenario.aim,
            ceiling: spread(&samples, |pair| Some(figure(&pair.ceiling))),
            gateway: spread(&samples, gateway),
            ratio: spread(&samples, |pair| Some(gateway(pair)? / figure(&pair.ceiling))),
            samples,
        }
    }

    fn cells(&self) -> [String; 7] {
        let figure = |spread: Option<Spread>| spread.map_or_else(absent, |s| self.figure(s.median));
        let ratio = |s: Spread| format!("{:.2} ({:.2}-{:.2})", s.median, s.min, s.max);
        [
            self.name.to_owned(),
            figure(self.ceiling),
            figure(self.gateway),
            self.ratio.map_or_else(absent, ratio),
            self.must.to_string(),
            self.aim.to_string(),
            self.reached().to_owned(),
        ]
    }

    fn figure(&self, median: f64) -> String {
        match self.must {
            Bound::RateRatioMin(_) => format!("{median:.0}/s"),
            Bound::CheckMicrosMax(_) => format!("{median:.3} µs"),
            Bound::CostRatioMax(_) => format!("{median:.2} µs"),
        }
    }

    fn reached(&self) -> &'static str {
        let (Some(ratio), Some(gateway)) = (self.ratio, self.gateway) else { return "-" };
        let holds = |bound: Bound| bound.holds(ratio.median, gateway.median);
        match (holds(self.must), holds(self.aim)) {
            (true, true) => "aim",
            (true, false) => "must",
            (false, _) => "missed",
        }
    }
}

fn absent() -> String {
    "-".to_owned()
}

impl Bound {
    fn holds(self, ratio: f64, gateway: f64) -> bool {
        match self {
            Self::CostRatioMax(max) => ratio <= max,
            Self::CheckMicrosMax(max) => gateway <= max,
            Self::RateRatioMin(min) => ratio >= min,
        }
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::CostRatioMax(max) => write!(f, "≤ {max:.1} ×"),
            Self::CheckMicrosMax(max) => write!(f, "≤ {max:.1} µs"),
            Self::RateRatioMin(min) => write!(f, "≥ {min:.1} ×"),
        }
    }
}

#[cfg(test)]
mod tests;
