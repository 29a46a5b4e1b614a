//! [`TrainSession`]: owns the images, the network, the optimiser and the counters of a run. It takes one step
//! when told to and never waits for the device inside one; what should happen between steps (commands,
//! drawing, files) is the caller's business.
//!
//! Evaluation is in [`evaluation`], what is written and read in [`files`], and the numbers of the steps on their way
//! from the device in [`ledgers`].

mod evaluation;
mod files;
mod inspection;
mod ledgers;

use burn::{
    module::Module,
    optim::GradientsParams,
    tensor::{Tensor, Transaction},
};
use serde::Serialize;

pub use evaluation::Review;
use evaluation::{Evaluating, Judged};
pub use files::{Checkpoint, Restored};
pub use inspection::Inspected;
pub(crate) use ledgers::EpochMean;
use ledgers::Ledgers;

use crate::{
    checkpoint,
    dataset::{Batch, Order, ResidentSplit, Split, epoch_order},
    device::Accelerator,
    error::{Error, Result},
    kernels::{Warp, cross_entropy::ENTRY, random::step_seed},
    net::{Net, NetConfig},
    optimizer::Optimizer,
    recipe::{Recipe, validate_learning_rate},
};

/// Where a run's weights come from.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// Weights that were loaded and not trained since, otherwise fresh ones.
    Auto,
    /// Drawn from the recipe's seed.
    Fresh,
    /// The network as it is, with its optimiser state and its count of epochs.
    Current,
    /// A safetensors file.
    From(&'a [u8]),
}

/// What a run will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Epochs that the network has behind it as the run begins.
    pub epoch: usize,
    /// Steps of the run that are done: some, where it was taken up from a snapshot.
    pub step: usize,
    /// Steps of one epoch.
    pub steps_per_epoch: usize,
    /// Steps of the whole run.
    pub steps: usize,
    /// Trained values of the network.
    pub parameters: usize,
    /// Multiply-adds that training takes for one image (see [`NetConfig::multiply_adds`]).
    pub multiply_adds: u64,
}

impl Plan {
    /// Of a run from its beginning.
    fn new(recipe: &Recipe, train_count: usize, epoch: usize, net: &Net) -> Result<Self> {
        let steps_per_epoch = train_count.div_ceil(recipe.batch_size);
        let whole_epochs = steps_per_epoch * recipe.epochs;
        Ok(Self {
            epoch,
            step: 0,
            steps_per_epoch,
            steps: recipe.steps.unwrap_or(whole_epochs).min(whole_epochs),
            parameters: net.parameters(),
            multiply_adds: recipe.net.multiply_adds()?[1],
        })
    }
}

/// One step that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Its number within the run, from 1.
    pub step: usize,
    /// The epoch it belongs to, from 1.
    pub epoch: usize,
    /// Whether the epoch ends with it.
    pub epoch_end: bool,
    /// Whether the run ends with it.
    pub run_end: bool,
}

/// What a step found of its batch, before it changed the weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Mean loss, in nats.
    pub loss: f64,
    /// Share of the images that were recognised, 0–1.
    pub accuracy: f64,
}

/// See the module's documentation.
pub struct TrainSession {
    accelerator: Accelerator,
    train: Option<ResidentSplit>,
    test: Option<ResidentSplit>,
    /// The test images once more, for showing.
    shown: Option<Split>,
    network: Option<Network>,
    run: Option<Run>,
    evaluation: Option<Evaluating>,
}

/// A network and what training it has left behind.
struct Network {
    config: NetConfig,
    /// On the autodiff device.
    net: Net,
    optimizer: Option<Optimizer>,
    /// Steps it was trained for, in this session and before its weights were written down.
    batches: u64,
    epochs: usize,
    /// Loaded and not trained since.
    loaded: bool,
    /// Its count of batches when it was last evaluated.
    evaluated: Option<u64>,
    /// What its latest evaluation found of each of the images that are loaded.
    judged: Option<Judged>,
    /// So many steps to come keep their gradients.
    watched: u32,
    /// Of the weights of each layer, at the latest step or, where that was not watched, found for looking at.
    gradients: Option<Vec<Tensor<1>>>,
}

struct Run {
    recipe: Recipe,
    /// With the steps that are done by now.
    plan: Plan,
    train_count: usize,
    /// The present epoch's order of images.
    order: Option<Order>,
    ledgers: Ledgers,
    /// Epoch and batch size of each step that was not read back yet.
    pending: Vec<(usize, usize)>,
    /// What was read back, and not asked for yet.
    found: Vec<Found>,
    train_loss: EpochMean,
}

impl Run {
    fn new(recipe: Recipe, plan: Plan, train_count: usize) -> Self {
        Self {
            recipe,
            plan,
            train_count,
            order: None,
            ledgers: Ledgers::default(),
            pending: Vec::new(),
            found: Vec::new(),
            train_loss: EpochMean::default(),
        }
    }
}

impl TrainSession {
    /// A session without images or network.
    pub fn new(accelerator: Accelerator) -> Self {
        Self {
            accelerator,
            train: None,
            test: None,
            shown: None,
            network: None,
            run: None,
            evaluation: None,
        }
    }

    /// The device it computes on.
    pub fn accelerator(&self) -> &Accelerator {
        &self.accelerator
    }

    /// Uploads the images, in place of any before. Ends a run that is under way.
    pub fn load_data(&mut self, train: &Split, test: &Split) {
        self.run = None;
        self.evaluation = None;
        if let Some(network) = &mut self.network {
            network.judged = None;
        }
        self.shown = Some(test.clone());
        self.train = Some(ResidentSplit::upload(train, &self.accelerator.device));
        self.test = Some(ResidentSplit::upload(test, &self.accelerator.device));
    }

    /// Begins a run.
    ///
    /// # Errors
    /// [`Error::NoData`] without images; [`Error::BadOption`] for a recipe that cannot be trained, or a
    /// [`Start::Current`] whose network is another one; [`Error::NoNetwork`] where there is none;
    /// [`Error::BadWeights`]. What was there before stays.
    pub fn start(&mut self, recipe: Recipe, start: Start) -> Result<Plan> {
        recipe.validate()?;
        let available = self.train.as_ref().ok_or(Error::NoData)?.len();
        let train_count = recipe.train_count.unwrap_or(available).min(available);

        let loaded = self.network.as_ref().is_some_and(|network| network.loaded);
        let start = match start {
            Start::Auto if loaded => Start::Current,
            Start::Auto => Start::Fresh,
            other => other,
        };
        let device = self.accelerator.device.clone().autodiff();
        match start {
            Start::Fresh | Start::Auto => {
                let net = recipe.net.init(recipe.seed, &device)?;
                self.network = Some(Network::new(recipe.net.clone(), net, 0));
            }
            Start::From(bytes) => {
                let (net, batches) = checkpoint::from_safetensors(&recipe.net, bytes, &device)?;
                self.network = Some(Network::new(recipe.net.clone(), net, batches));
            }
            Start::Current => {
                if self.network.as_ref().ok_or(Error::NoNetwork)?.config != recipe.net {
                    return Err(Error::option(
                        "weights",
                        "\"current\" keeps the network as it is, but the recipe asks for another one",
                    ));
                }
            }
        }
        let network = self.network.as_mut().ok_or(Error::NoNetwork)?;
        network.loaded = false;
        // A different optimiser starts afresh; the same one goes on with its moments.
        let (rule, average) = (recipe.optimizer, recipe.average);
        if !network
            .optimizer
            .as_ref()
            .is_some_and(|optimizer| optimizer.is(rule, average))
        {
            network.optimizer = Some(Optimizer::new(rule, average));
        }
        let plan = Plan::new(&recipe, train_count, network.epochs, &network.net)?;
        self.evaluation = None;
        self.run = Some(Run::new(recipe, plan, train_count));
        Ok(plan)
    }

    /// Asks of the device, once, all that a run of `recipe` will: two steps, and where wanted an `evaluation`, on
    /// images and a network made for it and then forgotten. Burn compiles a kernel where it is first launched: so
    /// none is left for the run.
    ///
    /// # Errors
    /// [`Error::BadOption`] for a recipe that cannot be trained.
    pub fn rehearse(&self, recipe: &Recipe, evaluation: bool) -> Result<()> {
        let images = Split::blank(2);
        let mut stage = Self::new(self.accelerator.clone());
        stage.load_data(&images, &images);
        let recipe = Recipe {
            batch_size: 1,
            epochs: 1,
            steps: None,
            train_count: None,
            ..recipe.clone()
        };
        let plan = stage.start(recipe, Start::Fresh)?;
        for _ in 0..plan.steps {
            stage.step()?;
        }
        if evaluation {
            stage.begin_evaluation()?;
            stage.evaluation_step()?;
        }
        Ok(())
    }

    /// Takes one training step: gathers a batch, computes its loss and gradients, updates the weights. On a
    /// GPU this only queues the work; [`TrainSession::read_losses`] waits for it.
    ///
    /// # Errors
    /// [`Error::NoRun`] without a run that has steps left.
    pub fn step(&mut self) -> Result<Step> {
        let data = self.train.as_ref().ok_or(Error::NoData)?;
        let (Some(run), Some(network)) = (self.run.as_mut(), self.network.as_mut()) else {
            return Err(Error::NoRun);
        };
        let Plan {
            epoch,
            step,
            steps_per_epoch,
            steps,
            ..
        } = run.plan;
        if step == steps {
            return Err(Error::NoRun);
        }
        let in_epoch = step % steps_per_epoch;
        let epochs_done = step / steps_per_epoch;
        let epoch = epoch + epochs_done + 1;
        if in_epoch == 0 || run.order.is_none() {
            let seed = run.recipe.shuffle.then_some(run.recipe.seed);
            run.order = Some(data.order(&epoch_order(run.train_count, seed, epoch)));
        }
        let order = run.order.as_ref().ok_or(Error::NoRun)?;
        let first = in_epoch * run.recipe.batch_size;
        let last = (first + run.recipe.batch_size).min(run.train_count);
        let seed = step_seed(run.recipe.seed, network.batches);
        let warp = run.recipe.warp.map(|warp| Warp { seed, ..warp });
        let batch = data.batch(order, first, last - first, warp);
        let batch = Batch {
            images: batch.images.autodiff(),
            labels: batch.labels.autodiff(),
        };

        let (ledger, slot) = run.ledgers.place(&self.accelerator.device);
        let smoothing = run.recipe.label_smoothing as f32;
        let (loss, ledger) = network.net.loss(batch, ledger.autodiff(), slot, smoothing, seed);
        run.ledgers.put_back(ledger.without_autodiff(), slot);
        let gradients = GradientsParams::from_grads(loss.backward(), &network.net);
        network.gradients = match network.watched {
            0 => None,
            _ => network.net.weight_gradients(&gradients),
        };
        network.watched = network.watched.saturating_sub(1);
        if let Some(optimizer) = &mut network.optimizer {
            let progress = step as f64 / steps as f64;
            let rate = run.recipe.learning_rate * run.recipe.schedule.factor(progress, epochs_done);
            optimizer.step(&mut network.net, gradients, rate);
        }
        run.pending.push((epoch, last - first));

        run.plan.step += 1;
        network.batches += 1;
        let epoch_end = last == run.train_count;
        if epoch_end {
            network.epochs = epoch;
        }
        Ok(Step {
            step: step + 1,
            epoch,
            epoch_end,
            run_end: step + 1 == steps,
        })
    }

    /// Waits for the steps taken so far and gives what each since the last call found, in order.
    ///
    /// # Errors
    /// [`Error::GpuFault`] when the device failed: those numbers and the weights since are not to be trusted.
    pub async fn read_steps(&mut self) -> Result<Vec<Found>> {
        self.collect().await?;
        let found = self.run.as_mut().map(|run| std::mem::take(&mut run.found));
        Ok(found.unwrap_or_default())
    }

    /// [`TrainSession::read_steps`], the losses alone.
    ///
    /// # Errors
    /// The same.
    pub async fn read_losses(&mut self) -> Result<Vec<f64>> {
        let found = self.read_steps().await?;
        Ok(found.into_iter().map(|found| found.loss).collect())
    }

    /// Reads back what the steps so far found.
    async fn collect(&mut self) -> Result<()> {
        let Some(run) = &mut self.run else {
            return Ok(());
        };
        let pending = std::mem::take(&mut run.pending);
        if pending.is_empty() {
            return Ok(());
        }
        let reading = run.ledgers.take_all().into_iter();
        let reading = reading.fold(Transaction::default(), |reading, ledger| reading.register(ledger));
        let read = reading.execute_async().await.map_err(Error::fault)?;
        self.accelerator.check()?;
        let mut entries = Vec::new();
        for ledger in read {
            entries.extend(ledger.try_into_vec::<f32>().map_err(Error::fault)?);
        }
        if entries.len() < pending.len() * ENTRY {
            return Err(Error::fault("it returned fewer losses than steps were taken"));
        }
        for ((epoch, images), entry) in pending.into_iter().zip(entries.chunks_exact(ENTRY)) {
            let (loss, hits) = (f64::from(entry[0]), f64::from(entry[1]));
            run.train_loss.add(epoch, loss, hits, images);
            run.found.push(Found {
                loss,
                accuracy: hits / images as f64,
            });
        }
        Ok(())
    }

    /// The mean loss over the images of the latest epoch, of the steps that were read back; in nats.
    pub fn epoch_train_loss(&self) -> f64 {
        self.run.as_ref().map_or(f64::NAN, |run| run.train_loss.loss())
    }

    /// The share of the latest epoch's images that were recognised, 0–1, of the steps that were read back: each
    /// with the weights of its own step, and warped where the recipe warps.
    pub fn epoch_train_accuracy(&self) -> f64 {
        self.run
            .as_ref()
            .map_or(f64::NAN, |run| run.train_loss.accuracy())
    }

    /// From the next step on.
    ///
    /// # Errors
    /// [`Error::BadOption`] when it is not above 0 and at most 1.
    pub fn set_learning_rate(&mut self, learning_rate: f64) -> Result<()> {
        validate_learning_rate(learning_rate)?;
        if let Some(run) = &mut self.run {
            run.recipe.learning_rate = learning_rate;
        }
        Ok(())
    }

    /// Forgets the network and the run; keeps the images.
    pub fn reset(&mut self) {
        self.run = None;
        self.evaluation = None;
        self.network = None;
    }

    fn network(&self) -> Result<&Network> {
        self.network.as_ref().ok_or(Error::NoNetwork)
    }
}

impl Network {
    fn new(config: NetConfig, net: Net, batches: u64) -> Self {
        Self {
            config,
            net,
            optimizer: None,
            batches,
            epochs: 0,
            loaded: false,
            evaluated: None,
            judged: None,
            watched: 0,
            gradients: None,
        }
    }

    /// What is evaluated, asked and written down: with the average of the weights, where the recipe keeps one.
    fn in_use(&self) -> Net {
        let averaged = self
            .optimizer
            .as_ref()
            .and_then(|optimizer| optimizer.averaged(&self.net));
        averaged.unwrap_or_else(|| self.net.valid())
    }
}
