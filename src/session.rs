//! [`TrainSession`]: owns the images, the network, the optimiser and the counters of a run. It takes one step
//! when told to and never waits for the device inside one; what should happen between steps (commands,
//! drawing, files) is the caller's business.

use burn::{
    module::Module,
    optim::GradientsParams,
    tensor::{Device, Tensor, TensorData, Transaction},
};
use serde::Serialize;

use crate::{
    checkpoint,
    dataset::{CLASSES, Order, PIXELS, ResidentSplit, SIDE, Split, epoch_order},
    device::{Accelerator, Kind},
    error::{Error, Result},
    kernels::cross_entropy::ENTRY,
    metrics::{ConfusionMatrix, Evaluation, judge, softmax},
    net::{Net, NetConfig},
    optimizer::Optimizer,
    recipe::{Recipe, validate_learning_rate},
};

/// Images of one evaluation batch. On the CPU a batch should take about as long as a training step, so that
/// commands are answered as promptly; on a GPU it should be large enough to fill it.
const EVALUATION_BATCH_CPU: usize = 128;
const EVALUATION_BATCH_GPU: usize = 500;

/// Steps of one ledger: what a fast GPU does between two read-backs.
const LEDGER_STEPS: usize = 256;

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
    /// Epochs that the network has behind it.
    pub epoch: usize,
    /// Steps of one epoch.
    pub steps_per_epoch: usize,
    /// Steps of the whole run.
    pub steps: usize,
    /// Trained values of the network.
    pub parameters: usize,
    /// Multiply-adds that training takes for one image (see [`NetConfig::multiply_adds`]).
    pub multiply_adds: u64,
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

/// See the module's documentation.
pub struct TrainSession {
    accelerator: Accelerator,
    train: Option<ResidentSplit>,
    test: Option<ResidentSplit>,
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
}

struct Run {
    recipe: Recipe,
    plan: Plan,
    train_count: usize,
    step: usize,
    /// The present epoch's order of images.
    order: Option<Order>,
    ledgers: Ledgers,
    /// Epoch and batch size of each step that was not read back yet.
    pending: Vec<(usize, usize)>,
    train_loss: EpochMean,
}

/// Where the steps enter their loss and hits, on the device, until they are read back together.
#[derive(Default)]
struct Ledgers {
    full: Vec<Tensor<1>>,
    /// With the number of entries it has.
    open: Option<(Tensor<1>, usize)>,
}

/// The mean over the images of one epoch.
#[derive(Default)]
struct EpochMean {
    epoch: usize,
    sum: f64,
    hits: f64,
    images: usize,
}

/// An evaluation under way.
struct Evaluating {
    net: Net,
    done: usize,
    order: Order,
    /// Logits of each batch, `[batch, 10]`.
    batches: Vec<Tensor<2>>,
}

impl TrainSession {
    /// A session without images or network.
    pub fn new(accelerator: Accelerator) -> Self {
        Self {
            accelerator,
            train: None,
            test: None,
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
        let steps_per_epoch = train_count.div_ceil(recipe.batch_size);
        let whole_epochs = steps_per_epoch * recipe.epochs;
        let plan = Plan {
            epoch: network.epochs,
            steps_per_epoch,
            steps: recipe.steps.unwrap_or(whole_epochs).min(whole_epochs),
            parameters: network.net.parameters(),
            multiply_adds: network.config.multiply_adds()?[1],
        };
        self.evaluation = None;
        self.run = Some(Run {
            recipe,
            plan,
            train_count,
            step: 0,
            order: None,
            ledgers: Ledgers::default(),
            pending: Vec::new(),
            train_loss: EpochMean::default(),
        });
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
        if run.step == run.plan.steps {
            return Err(Error::NoRun);
        }
        let in_epoch = run.step % run.plan.steps_per_epoch;
        let epoch = run.plan.epoch + run.step / run.plan.steps_per_epoch + 1;
        if in_epoch == 0 || run.order.is_none() {
            let seed = run.recipe.shuffle.then_some(run.recipe.seed);
            run.order = Some(data.order(&epoch_order(run.train_count, seed, epoch)));
        }
        let order = run.order.as_ref().ok_or(Error::NoRun)?;
        let first = in_epoch * run.recipe.batch_size;
        let last = (first + run.recipe.batch_size).min(run.train_count);
        let warp = run
            .recipe
            .warp
            .map(|warp| warp.of_step(run.recipe.seed, network.batches));
        let batch = data.batch(order, first, last - first, warp);

        let (ledger, slot) = run.ledgers.place(&self.accelerator.device);
        let (images, ledger) = (batch.images.autodiff(), ledger.autodiff());
        let smoothing = run.recipe.label_smoothing as f32;
        let labels = batch.labels.autodiff();
        let (loss, ledger) = network.net.loss(images, labels, ledger, slot, smoothing);
        run.ledgers.put_back(ledger.without_autodiff(), slot);
        let gradients = GradientsParams::from_grads(loss.backward(), &network.net);
        if let Some(optimizer) = &mut network.optimizer {
            let progress = run.step as f64 / run.plan.steps as f64;
            let rate = run.recipe.learning_rate * run.recipe.schedule.factor(progress);
            optimizer.step(&mut network.net, gradients, rate);
        }
        run.pending.push((epoch, last - first));

        run.step += 1;
        network.batches += 1;
        let epoch_end = last == run.train_count;
        if epoch_end {
            network.epochs = epoch;
        }
        Ok(Step {
            step: run.step,
            epoch,
            epoch_end,
            run_end: run.step == run.plan.steps,
        })
    }

    /// Waits for the steps taken so far and gives the loss of each since the last call, in order, in nats.
    ///
    /// # Errors
    /// [`Error::GpuFault`] when the device failed: those losses and the weights since are not to be trusted.
    pub async fn read_losses(&mut self) -> Result<Vec<f64>> {
        let Some(run) = &mut self.run else {
            return Ok(Vec::new());
        };
        let pending = std::mem::take(&mut run.pending);
        if pending.is_empty() {
            return Ok(Vec::new());
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
        let mut losses = Vec::with_capacity(pending.len());
        for ((epoch, images), entry) in pending.into_iter().zip(entries.chunks_exact(ENTRY)) {
            let loss = f64::from(entry[0]);
            run.train_loss.add(epoch, loss, f64::from(entry[1]), images);
            losses.push(loss);
        }
        Ok(losses)
    }

    /// The mean loss over the images of the latest epoch, of the steps that were read back; in nats.
    pub fn epoch_train_loss(&self) -> f64 {
        self.run.as_ref().map_or(f64::NAN, |run| run.train_loss.mean())
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

    /// Begins an evaluation on the test images, in place of any under way; gives their number.
    ///
    /// # Errors
    /// [`Error::NoData`], [`Error::NoNetwork`].
    pub fn begin_evaluation(&mut self) -> Result<usize> {
        let data = self.test.as_ref().ok_or(Error::NoData)?;
        let all = (0..data.len() as u32).collect::<Vec<_>>();
        self.evaluation = Some(Evaluating {
            net: self.network()?.in_use(),
            done: 0,
            order: data.order(&all),
            batches: Vec::new(),
        });
        Ok(data.len())
    }

    /// Evaluates one more batch; gives the number of images done. Does nothing once all are.
    ///
    /// # Errors
    /// [`Error::NoData`], or [`Error::NoRun`] when no evaluation was begun.
    pub fn evaluation_step(&mut self) -> Result<usize> {
        let data = self.test.as_ref().ok_or(Error::NoData)?;
        let evaluation = self.evaluation.as_mut().ok_or(Error::NoRun)?;
        let size = match self.accelerator.kind {
            Kind::Cpu => EVALUATION_BATCH_CPU,
            Kind::Gpu => EVALUATION_BATCH_GPU,
        };
        let last = (evaluation.done + size).min(data.len());
        if last > evaluation.done {
            let batch = data.batch(&evaluation.order, evaluation.done, last - evaluation.done, None);
            evaluation.batches.push(evaluation.net.forward(batch.images));
            evaluation.done = last;
        }
        Ok(evaluation.done)
    }

    /// Waits for what [`TrainSession::evaluation_step`] began, and sums it up.
    ///
    /// # Errors
    /// [`Error::GpuFault`]; [`Error::NoRun`] when no evaluation was begun.
    pub async fn finish_evaluation(&mut self) -> Result<Evaluation> {
        let evaluation = self.evaluation.take().ok_or(Error::NoRun)?;
        let data = self.test.as_ref().ok_or(Error::NoData)?;
        let reading = evaluation.batches.into_iter();
        let reading = reading.fold(Transaction::default(), |reading, logits| reading.register(logits));
        let read = reading.execute_async().await.map_err(Error::fault)?;
        self.accelerator.check()?;

        let mut confusion = ConfusionMatrix::default();
        let mut loss = 0.0;
        let mut labels = data.labels().iter();
        for logits in read {
            let logits = logits.try_into_vec::<f32>().map_err(Error::fault)?;
            for row in logits.as_chunks::<CLASSES>().0 {
                let label = usize::from(*labels.next().ok_or(Error::NoData)?);
                let (image_loss, predicted) = judge(row, label);
                loss += image_loss;
                confusion.add(label, predicted);
            }
        }
        Ok(Evaluation {
            loss: loss / f64::from(confusion.total().max(1)),
            accuracy: confusion.accuracy(),
            confusion,
        })
    }

    /// A whole evaluation on the test images.
    ///
    /// # Errors
    /// Those of the three methods it is made of.
    pub async fn evaluate(&mut self) -> Result<Evaluation> {
        let total = self.begin_evaluation()?;
        while self.evaluation_step()? < total {}
        self.finish_evaluation().await
    }

    /// Probabilities of the ten digits for one image of 784 values, 0 (paper) to 1 (ink).
    ///
    /// # Errors
    /// [`Error::BadOption`] for another number of values or values that are not 0–1, [`Error::NoNetwork`],
    /// [`Error::GpuFault`].
    pub async fn predict(&self, pixels: &[f32]) -> Result<Vec<f32>> {
        if pixels.len() != PIXELS {
            return Err(Error::option(
                "pixels",
                format!("{} values; {PIXELS} (28×28) are accepted", pixels.len()),
            ));
        }
        if let Some(odd) = pixels.iter().find(|pixel| !(0.0..=1.0).contains(*pixel)) {
            return Err(Error::option(
                "pixels",
                format!("{odd}; numbers from 0 to 1 are accepted"),
            ));
        }
        let net = self.network()?.in_use();
        let image = TensorData::new(pixels.to_vec(), [1, 1, SIDE, SIDE]);
        let images = Tensor::<4>::from_data(image, &self.accelerator.device);
        let logits = net.forward(images);
        let read = logits.into_data_async().await.map_err(Error::fault)?;
        self.accelerator.check()?;
        let logits = read.try_into_vec::<f32>().map_err(Error::fault)?;
        Ok(softmax(&logits))
    }

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
    /// [`Error::BadWeights`]; then nothing changes.
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

impl Ledgers {
    /// A ledger and its next place.
    fn place(&mut self, device: &Device) -> (Tensor<1>, usize) {
        if let Some((ledger, LEDGER_STEPS)) = self.open.take_if(|(_, entries)| *entries == LEDGER_STEPS) {
            self.full.push(ledger);
        }
        let fresh = || (Tensor::zeros([LEDGER_STEPS * ENTRY], device), 0);
        self.open.take().unwrap_or_else(fresh)
    }

    fn put_back(&mut self, ledger: Tensor<1>, slot: usize) {
        self.open = Some((ledger, slot + 1));
    }

    /// All ledgers, to be read; the last one is then written from its start again. A fresh one for each read would cost
    /// a launch.
    fn take_all(&mut self) -> Vec<Tensor<1>> {
        let mut all = std::mem::take(&mut self.full);
        if let Some((ledger, entries)) = &mut self.open {
            all.push(ledger.clone());
            *entries = 0;
        }
        all
    }
}

impl EpochMean {
    fn add(&mut self, epoch: usize, mean: f64, hits: f64, images: usize) {
        if epoch != self.epoch {
            *self = Self {
                epoch,
                ..Self::default()
            };
        }
        self.sum += mean * images as f64;
        self.hits += hits;
        self.images += images;
    }

    fn mean(&self) -> f64 {
        self.sum / self.images as f64
    }

    fn accuracy(&self) -> f64 {
        self.hits / self.images as f64
    }
}
