//! [`Schedule`]: how the learning rate goes over a run.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::{MOST_EPOCHS, at_most_one, share, within};
use crate::error::Result;

/// The step size over a run, as a share of the recipe's learning rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Schedule {
    /// The same throughout.
    Constant,
    /// Times `gamma` after every `every` epochs of the run, as `torch.optim.lr_scheduler.StepLR`.
    Step {
        /// Epochs between two changes.
        every: usize,
        /// What is left of the learning rate at a change (0–1).
        gamma: f64,
    },
    /// Half a wave of the cosine, from 1 at the run's first step down to `end`, step by step, as
    /// `torch.optim.lr_scheduler.CosineAnnealingLR` over all steps (https://arxiv.org/abs/1608.03983).
    Cosine {
        /// Share of the learning rate at the end (0–1).
        end: f64,
    },
    /// Straight up from `start` to 1 during the first `warmup` of the run (0–1), then straight down to `end`
    /// (https://arxiv.org/abs/1708.07120).
    OneCycle {
        /// Share of the run.
        warmup: f64,
        /// Share of the learning rate at the first step.
        start: f64,
        /// Share of the learning rate at the end.
        end: f64,
    },
}

impl Schedule {
    /// The share at `progress`, 0 at the run's first step, 1 at its end, `epochs` of the run being over.
    pub fn factor(&self, progress: f64, epochs: usize) -> f64 {
        match *self {
            Schedule::Constant => 1.0,
            // A run has at most MOST_EPOCHS: the power fits.
            Schedule::Step { every, gamma } => gamma.powi((epochs / every.max(1)) as i32),
            Schedule::Cosine { end } => end + (1.0 - end) * (1.0 + (PI * progress).cos()) / 2.0,
            Schedule::OneCycle { warmup, start, end } => {
                let line = |from: f64, to: f64, share: f64| from + (to - from) * share;
                if progress < warmup {
                    line(start, 1.0, progress / warmup)
                } else {
                    line(
                        1.0,
                        end,
                        (progress - warmup) / (1.0 - warmup).max(f64::MIN_POSITIVE),
                    )
                }
            }
        }
    }

    /// # Errors
    /// [`Error::BadOption`](crate::Error::BadOption), naming the number and what is accepted.
    pub(super) fn validate(&self) -> Result<()> {
        match *self {
            Schedule::Constant => Ok(()),
            Schedule::Step { every, gamma } => {
                within("schedule.every", every, MOST_EPOCHS)?;
                at_most_one("schedule.gamma", gamma)
            }
            Schedule::Cosine { end } => at_most_one("schedule.end", end),
            Schedule::OneCycle { warmup, start, end } => {
                share("schedule.warmup", warmup, 1.0)?;
                share("schedule.start", start, 1.0)?;
                share("schedule.end", end, 1.0)
            }
        }
    }
}
