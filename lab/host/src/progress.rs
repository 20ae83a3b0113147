//! Telling the person at the terminal what is going on: bars on a terminal, plain lines elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Where steps are reported: standard error.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    terminal: bool,
}

/// One step under way, from its begin to [`Step::done`].
#[derive(Debug)]
pub struct Step {
    title: String,
    began: Instant,
    bar: Option<ProgressBar>,
    told: u64,
}

impl Progress {
    /// Bars if standard error is a terminal, plain lines if not.
    pub fn detect() -> Self {
        Self { terminal: std::io::stderr().is_terminal() }
    }

    /// Says something that is no step.
    #[expect(clippy::unused_self, reason = "what is said goes where steps are reported")]
    pub(crate) fn say(self, what: &str) {
        eprintln!("lab: {what}");
    }

    /// Begins a step; its title is a verb phrase.
    pub fn step(self, title: impl Into<String>) -> Step {
        let title = title.into();
        let bar = self.terminal.then(|| bar(&title));
        if bar.is_none() {
            eprintln!("lab: {title} …");
        }
        Step { title, began: Instant::now(), bar, told: 0 }
    }
}

impl Step {
    /// Says how much of the step is done, and what is being worked on.
    pub fn at(&mut self, percent: u64, what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_position(percent.min(100));
            bar.set_message(what.to_owned());
        } else if percent >= self.told + 20 && percent < 100 {
            self.told = percent - percent % 20;
            eprintln!("lab: {}: {percent}%", self.title);
        }
    }

    /// Ends the step and shows how long it took.
    pub fn done(self) {
        let seconds = self.began.elapsed().as_secs_f32();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        eprintln!("lab: {} done ({seconds:.1} s)", self.title);
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(title: &str) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{spinner} {prefix} {bar:30} {percent:>3}% {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(Some(100), ProgressDrawTarget::stderr());
    bar.set_style(style);
    bar.set_prefix(title.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
