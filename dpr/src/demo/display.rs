//! What is shown while the demo runs: a table that stays in its place on a terminal, lines otherwise. All of it on stderr.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crossterm::cursor::MoveToPreviousLine;
use crossterm::queue;
use crossterm::terminal::{Clear, ClearType};

use super::report::grouped;
use super::world::Progress;

/// The achieved share is that of the connections accepted in this time.
const WINDOW: Duration = Duration::from_secs(3);
/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// A host's line.
#[derive(Clone, Debug, Default)]
pub struct HostLine {
    /// Its name.
    pub name: String,
    /// What the controller says of it, or that it was killed.
    pub state: String,
    /// The share that it should have, 0 to 1.
    pub target_share: f64,
    /// Connections that it has now, as far as reported.
    pub live: u64,
    /// Packets that its stage gave to it.
    pub served: u64,
    /// Packets that its stage sent to another host's.
    pub rerouted: u64,
}

/// All that is shown.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The data path's figures.
    pub progress: Progress,
    /// The hosts, in the order of [`Progress::accepted`].
    pub hosts: Vec<HostLine>,
    /// Buckets moved so far.
    pub moves: u64,
    /// Entries of flow state now.
    pub flow_state: u64,
}

/// Where the demo shows how far it is.
pub struct Display {
    began: Instant,
    is_terminal: bool,
    /// Lines of the table that stand on the terminal.
    drawn: u16,
    last_line: Option<Instant>,
    history: VecDeque<(Instant, Vec<u64>)>,
}

impl Display {
    /// For a demo that began then.
    pub fn new(began: Instant) -> Self {
        Self {
            began,
            is_terminal: std::io::stderr().is_terminal(),
            drawn: 0,
            last_line: None,
            history: VecDeque::new(),
        }
    }

    /// Says that something happened.
    pub fn event(&mut self, words: &str) {
        self.erase();
        // A closed error output is no reason to stop.
        let _ = writeln!(
            std::io::stderr(),
            "{:>6.1} s  {words}",
            self.began.elapsed().as_secs_f64()
        );
    }

    /// Shows how far the demo is.
    pub fn show(&mut self, view: &View) {
        let now = Instant::now();
        self.history
            .push_back((now, view.progress.accepted.clone()));
        while self.history.len() > 2
            && self
                .history
                .get(1)
                .is_some_and(|(at, _)| now - *at > WINDOW)
        {
            self.history.pop_front();
        }
        let shares = self.shares(&view.progress.accepted);
        if self.is_terminal {
            let table = narrowed(&table(view, &shares));
            self.erase();
            self.drawn = table.lines().count() as u16;
            let _ = std::io::stderr().write_all(table.as_bytes());
        } else if self.last_line.is_none_or(|last| now - last >= LINE_EVERY) {
            self.last_line = Some(now);
            let line = line(view, &shares);
            let _ = writeln!(
                std::io::stderr(),
                "{:>6.1} s  {line}",
                self.began.elapsed().as_secs_f64()
            );
        }
    }

    /// Takes the table away, for what follows.
    pub fn finish(&mut self) {
        self.erase();
    }

    fn erase(&mut self) {
        if self.drawn > 0 {
            let _ = queue!(
                std::io::stderr(),
                MoveToPreviousLine(self.drawn),
                Clear(ClearType::FromCursorDown)
            );
            self.drawn = 0;
        }
    }

    /// Each host's share of the connections accepted in the window.
    fn shares(&self, accepted: &[u64]) -> Vec<f64> {
        let Some((_, before)) = self.history.front() else {
            return vec![0.0; accepted.len()];
        };
        let gained: Vec<u64> = accepted
            .iter()
            .zip(before)
            .map(|(now, before)| now - before)
            .collect();
        let total = gained.iter().sum::<u64>().max(1);
        gained
            .into_iter()
            .map(|gained| gained as f64 / total as f64)
            .collect()
    }
}

/// Cuts lines to the terminal's width: one that wraps would not be erased whole.
fn narrowed(table: &str) -> String {
    let columns = crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns));
    table
        .lines()
        .flat_map(|line| line.chars().take(columns).chain(['\n']))
        .collect()
}

fn table(view: &View, shares: &[f64]) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "  {:<6}{:<10}{:>8}{:>10}{:>13}{:>7}{:>12}{:>12}",
        "host", "state", "target", "achieved", "connections", "live", "served", "rerouted"
    );
    for (index, host) in view.hosts.iter().enumerate() {
        let _ = writeln!(
            out,
            "  {:<6}{:<10}{:>7.1}%{:>9.1}%{:>13}{:>7}{:>12}{:>12}",
            host.name,
            host.state,
            host.target_share * 100.0,
            shares.get(index).copied().unwrap_or_default() * 100.0,
            grouped(
                view.progress
                    .accepted
                    .get(index)
                    .copied()
                    .unwrap_or_default()
            ),
            grouped(host.live),
            grouped(host.served),
            grouped(host.rerouted)
        );
    }
    for part in totals(view).split("; ").collect::<Vec<_>>().chunks(3) {
        let _ = writeln!(out, "  {}", part.join("; "));
    }
    out
}

fn line(view: &View, shares: &[f64]) -> String {
    let hosts: Vec<_> = view
        .hosts
        .iter()
        .enumerate()
        .filter(|(_, host)| host.target_share > 0.0)
        .map(|(index, host)| {
            let achieved = shares.get(index).copied().unwrap_or_default();
            format!(
                "{} {:.0}/{:.0}%",
                host.name,
                host.target_share * 100.0,
                achieved * 100.0
            )
        })
        .collect();
    format!("{}; target/achieved {}", totals(view), hosts.join(" "))
}

fn totals(view: &View) -> String {
    let Progress {
        opened,
        completed,
        failed,
        failed_on_killed_host,
        violations,
        ..
    } = &view.progress;
    let rerouted = view.hosts.iter().map(|host| host.rerouted).sum();
    let served = view.hosts.iter().map(|host| host.served).sum();
    let mut text = format!(
        "connections {} opened, {} completed, {} failed",
        grouped(*opened),
        grouped(*completed),
        grouped(*failed)
    );
    if *failed_on_killed_host > 0 {
        let _ = write!(text, ", {} lost", grouped(*failed_on_killed_host));
    }
    let _ = write!(
        text,
        "; packets {} served, {} rerouted; violations {}; moves {}; flow state {}",
        grouped(served),
        grouped(rerouted),
        violations.len(),
        grouped(view.moves),
        grouped(view.flow_state)
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> View {
        let host = |name: &str, target_share| HostLine {
            name: name.to_owned(),
            state: "serving".to_owned(),
            target_share,
            live: 3,
            served: 1234,
            rerouted: 56,
        };
        let progress = Progress {
            opened: 50,
            completed: 40,
            accepted: vec![30, 10],
            ..Progress::default()
        };
        View {
            progress,
            hosts: vec![host("h1", 0.75), host("h2", 0.25)],
            moves: 12,
            flow_state: 9,
        }
    }

    #[test]
    fn the_table_has_a_line_for_each_host() {
        insta::assert_snapshot!(table(&view(), &[0.7, 0.3]));
    }

    #[test]
    fn the_line_says_the_same() {
        insta::assert_snapshot!(line(&view(), &[0.7, 0.3]));
    }

    #[test]
    fn the_achieved_share_is_that_of_the_last_seconds() {
        let mut display = Display::new(Instant::now());
        display.history.push_back((Instant::now(), vec![100, 0]));
        assert_eq!(display.shares(&[130, 10]), [0.75, 0.25]);
    }
}
