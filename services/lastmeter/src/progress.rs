//! Long work shows where it is and can be interrupted safely.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use event_log::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar that also listens for Ctrl-C. Without a terminal it shows nothing.
pub(crate) struct Shown {
    bar: ProgressBar,
    stopped: Arc<AtomicBool>,
}

impl Shown {
    /// Shows the progress of some work, counted in `unit`.
    pub(crate) fn of(unit: &str) -> Self {
        let bar = ProgressBar::new(0);
        let template = format!("{{wide_bar}} {{human_pos}} / {{human_len}} {unit}, {{eta}} left");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        let stopped = Arc::new(AtomicBool::new(false));
        let on_signal = Arc::clone(&stopped);
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                on_signal.store(true, Ordering::SeqCst);
            }
        });
        Self { bar, stopped }
    }

    /// Hears of progress; says whether to go on.
    pub(crate) fn watch(&self, progress: Progress) -> ControlFlow<()> {
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.done);
        if self.stopped.load(Ordering::SeqCst) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
