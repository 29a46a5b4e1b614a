//! What a session writes and reads: weights, and snapshots, from which a run goes on as if nothing had been.

use burn::module::Module;

use super::{Network, Plan, Run, TrainSession};
use crate::{
    checkpoint::{self, Held},
    dataset::CLASSES,
    error::{Error, Result},
    net::NetConfig,
    onnx,
    recipe::Recipe,
    snapshot::{self, Description, Snapshot, unusable},
};

/// Two files of one moment, read from the device at once.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// What [`TrainSession::save_weights`] gives.
    pub weights: Vec<u8>,
    /// What [`TrainSession::snapshot`] gives.
    pub snapshot: Vec<u8>,
}

/// What came back from a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Restored {
    /// With the learning rate that the run had last.
    pub recipe: Recipe,
    /// The plan that the run began with, and the steps of it that are done.
    pub plan: Plan,
    /// Training images that the run uses.
    pub train_count: usize,
    /// Epochs that the network has behind it.
    pub epochs: usize,
    /// Whether the network was evaluated after its last step.
    pub evaluated: bool,
}

impl TrainSession {
    /// The weights as a safetensors file.
    ///
    /// # Errors
    /// [`Error::NoNetwork`], [`Error::GpuFault`].
    pub async fn save_weights(&self) -> Result<Vec<u8>> {
        let network = self.network()?;
        let bytes = checkpoint::to_safetensors(&network.config, &network.in_use(), network.batches).await?;
        self.accelerator.check()?;
        Ok(bytes)
    }

    /// Takes the weights of a safetensors file, and the network they are for (see [`checkpoint::open`]), which it
    /// gives. Ends a run that is under way.
    ///
    /// # Errors
    /// [`Error::BadWeights`], or [`Error::BadSnapshot`] for a snapshot of another version; then nothing changes.
    pub fn load_weights(&mut self, bytes: &[u8]) -> Result<NetConfig> {
        let device = self.accelerator.device.clone().autodiff();
        let (config, net, batches) = checkpoint::open(bytes, &device)?;
        self.run = None;
        self.evaluation = None;
        self.network = Some(Network {
            loaded: true,
            ..Network::new(config.clone(), net, batches)
        });
        Ok(config)
    }

    /// The network, its optimiser and the place in the run, under way or over, as one file (see [`crate::snapshot`] for
    /// what is in it). What the steps so far found stays to be read.
    ///
    /// # Errors
    /// [`Error::NoNetwork`]; [`Error::NoRun`] when the network was not trained since it was loaded, or the images were
    /// replaced since; [`Error::GpuFault`].
    pub async fn snapshot(&mut self) -> Result<Vec<u8>> {
        let held = self.hold().await?;
        self.write_snapshot(&held)
    }

    /// Weights and snapshot at once.
    ///
    /// # Errors
    /// Those of [`TrainSession::snapshot`].
    pub async fn checkpoint(&mut self) -> Result<Checkpoint> {
        let held = self.hold().await?;
        let network = self.network()?;
        Ok(Checkpoint {
            weights: checkpoint::write(&network.config, &held, network.batches)?,
            snapshot: self.write_snapshot(&held)?,
        })
    }

    /// Takes network, optimiser and run from a snapshot, in place of its own. The next step is the one that would have
    /// followed, and finds the same, to the last bit on the same device. The images must be loaded before, as they were
    /// for the run: loading images ends a run.
    ///
    /// # Errors
    /// [`Error::NoData`] without images; [`Error::BadSnapshot`] for what is no snapshot, or one of a run that uses more
    /// images than there are. Then nothing changes.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<Restored> {
        let available = self.train.as_ref().ok_or(Error::NoData)?.len();
        let Snapshot {
            description,
            net,
            optimizer,
            evaluated,
        } = snapshot::read(bytes, &self.accelerator.device)?;
        let Description {
            recipe,
            learning_rate: _,
            step,
            epochs_before,
            train_count,
            batches,
            optimizer_steps: _,
            train_loss,
        } = description;
        if !(1..=available).contains(&train_count) {
            return Err(unusable(format!(
                "its run uses {train_count} training images, and {available} are loaded"
            )));
        }
        let plan = Plan {
            step,
            ..Plan::new(&recipe, train_count, epochs_before, &net)?
        };
        if step > plan.steps {
            return Err(unusable(format!(
                "it is after step {step} of a run of {}",
                plan.steps
            )));
        }
        let epochs = epochs_before + step / plan.steps_per_epoch;
        self.evaluation = None;
        self.network = Some(Network {
            optimizer: Some(optimizer),
            epochs,
            evaluated: evaluated.then_some(batches),
            ..Network::new(recipe.net.clone(), net, batches)
        });
        self.run = Some(Run {
            train_loss,
            ..Run::new(recipe.clone(), plan, train_count)
        });
        Ok(Restored {
            recipe,
            plan,
            train_count,
            epochs,
            evaluated,
        })
    }

    /// The network that is evaluated, as an ONNX file (see [`crate::onnx`]) with the names of the ten classes, where
    /// they have other names than 0–9.
    ///
    /// # Errors
    /// [`Error::NoNetwork`], [`Error::GpuFault`]; [`Error::BadOption`] for another number of names.
    pub async fn save_onnx(&self, classes: Option<&[String]>) -> Result<Vec<u8>> {
        let network = self.network()?;
        if let Some(names) = classes.filter(|names| names.len() != CLASSES) {
            let problem = format!("{} names; {CLASSES} are accepted", names.len());
            return Err(Error::option("classes", problem));
        }
        let held = Held::read(&network.in_use(), None).await?;
        self.accelerator.check()?;
        onnx::write(&network.config, &held, classes)
    }

    /// Everything that is written down, and the mean of the epoch up to the last step.
    async fn hold(&mut self) -> Result<Held> {
        self.collect().await?;
        let network = self.network()?;
        if self.run.is_none() {
            return Err(Error::NoRun);
        }
        let held = Held::read(&network.net.valid(), network.optimizer.as_ref()).await?;
        self.accelerator.check()?;
        Ok(held)
    }

    fn write_snapshot(&self, held: &Held) -> Result<Vec<u8>> {
        let network = self.network()?;
        let run = self.run.as_ref().ok_or(Error::NoRun)?;
        let optimizer = network.optimizer.as_ref();
        let description = Description {
            recipe: run.recipe.clone(),
            learning_rate: run.recipe.learning_rate,
            step: run.plan.step,
            epochs_before: run.plan.epoch,
            train_count: run.train_count,
            batches: network.batches,
            optimizer_steps: optimizer.map_or(0, |optimizer| optimizer.steps()),
            train_loss: run.train_loss.clone(),
        };
        snapshot::write(&description, held, network.evaluated == Some(network.batches))
    }
}
