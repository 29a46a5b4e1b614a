//! The native program: the page's recipes on servers and in tests. `digit-lab train | eval | info | export`.
//!
//! With `--weights` and `--no-shuffle` a run is fully determined by its inputs, so that it can be held against
//! another framework.

#[cfg(target_family = "wasm")]
fn main() {}

#[cfg(not(target_family = "wasm"))]
fn main() -> std::process::ExitCode {
    native::main()
}

#[cfg(not(target_family = "wasm"))]
mod native {
    use std::{
        fs::{self, File},
        io::{BufWriter, Read, Write},
        path::{Path, PathBuf},
        process::ExitCode,
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
        time::{Duration, Instant},
    };

    use anyhow::{Context, Result, bail};
    use clap::{Args, Parser, Subcommand, ValueEnum};
    use digit_lab::{
        checkpoint,
        dataset::{IdxFile, Split},
        device::Accelerator,
        metrics::Evaluation,
        recipe::Recipe,
        session::{Start, TrainSession},
    };
    use indicatif::{ProgressBar, ProgressStyle};
    use pollster::block_on;

    /// Prints a line; a closed pipe (`digit-lab … | head`) must not end a run.
    macro_rules! say {
        ($($text:tt)*) => {
            let _ = writeln!(std::io::stdout(), $($text)*);
        };
    }

    /// How often losses are read back: often enough for a live bar, seldom enough not to hold up a GPU.
    const READ_EVERY: Duration = Duration::from_millis(100);
    /// Where an interrupted run without `--save` puts its weights.
    const RESCUE: &str = "digit-lab-interrupted.safetensors";
    /// After Ctrl-C, as shells report it.
    const INTERRUPTED: u8 = 130;

    /// Train and evaluate the digit-lab networks on MNIST.
    #[derive(Parser)]
    #[command(version, about)]
    struct Cli {
        #[command(subcommand)]
        command: Command,
    }

    #[derive(Subcommand)]
    enum Command {
        /// Train a network, evaluating it after each epoch
        Train(TrainArgs),
        /// Evaluate weights on the test images
        Eval(EvalArgs),
        /// Describe a recipe and its network, or a weights file
        Info(InfoArgs),
        /// Write a network for other programs
        Export(ExportArgs),
    }

    #[derive(Args)]
    struct Place {
        /// Folder with the four MNIST IDX files, packed (.gz) or not
        #[arg(long, value_name = "DIR", default_value = "www/data")]
        data: PathBuf,
        /// What computes
        #[arg(long, value_enum, default_value_t = DeviceArg::Cpu)]
        device: DeviceArg,
    }

    #[derive(Clone, Copy, ValueEnum)]
    enum DeviceArg {
        Cpu,
        #[cfg(feature = "gpu")]
        Gpu,
    }

    #[derive(Args)]
    struct TrainArgs {
        #[command(flatten)]
        place: Place,
        /// The recipe to start from, by name: course, fast or best; the options below change it
        #[arg(long, default_value = "course")]
        preset: String,
        /// The recipe to start from, as JSON of the form that `info` prints
        #[arg(long, value_name = "FILE", conflicts_with = "preset")]
        recipe: Option<PathBuf>,
        /// Passes over the training images
        #[arg(long, value_name = "N")]
        epochs: Option<usize>,
        /// Stop after so many steps
        #[arg(long, value_name = "N")]
        steps: Option<usize>,
        /// Images a step
        #[arg(long, value_name = "N")]
        batch: Option<usize>,
        /// Learning rate
        #[arg(long, value_name = "X")]
        lr: Option<f64>,
        /// Decides the initial weights and the order of the images
        #[arg(long, value_name = "N")]
        seed: Option<u64>,
        /// Use only the first N training images
        #[arg(long, value_name = "N")]
        images: Option<usize>,
        /// Start from the weights of a safetensors file instead of the seed's
        #[arg(long, value_name = "FILE")]
        weights: Option<PathBuf>,
        /// Write the weights there, after each epoch and at the end
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
        /// Take the images in file order
        #[arg(long)]
        no_shuffle: bool,
        /// Write the loss of each step and the results of each epoch there
        #[arg(long, value_name = "FILE.csv")]
        log: Option<PathBuf>,
    }

    #[derive(Args)]
    struct EvalArgs {
        #[command(flatten)]
        place: Place,
        /// The weights to evaluate, a safetensors file
        #[arg(long, value_name = "FILE")]
        weights: PathBuf,
    }

    #[derive(Args)]
    struct InfoArgs {
        /// The recipe to describe
        #[arg(long, default_value = "course")]
        preset: String,
        /// Check that a safetensors file fits the recipe's network
        #[arg(long, value_name = "FILE")]
        weights: Option<PathBuf>,
        /// Draw the initial weights from this seed, for --save
        #[arg(long, value_name = "N", default_value_t = 42)]
        seed: u64,
        /// Write the seed's initial weights there
        #[arg(long, value_name = "FILE", conflicts_with = "weights")]
        save: Option<PathBuf>,
    }

    #[derive(Args)]
    struct ExportArgs {
        /// The network and its weights, a safetensors file
        #[arg(long, value_name = "FILE")]
        weights: PathBuf,
        /// Write it there as ONNX, as it is evaluated
        #[arg(long, value_name = "FILE")]
        onnx: PathBuf,
    }

    pub fn main() -> ExitCode {
        let done = match Cli::parse().command {
            Command::Train(args) => train(&args),
            Command::Eval(args) => eval(&args).map(|()| ExitCode::SUCCESS),
            Command::Info(args) => info(&args).map(|()| ExitCode::SUCCESS),
            Command::Export(args) => export(&args).map(|()| ExitCode::SUCCESS),
        };
        done.unwrap_or_else(|error| {
            eprintln!("digit-lab: {error:#}");
            ExitCode::FAILURE
        })
    }

    fn train(args: &TrainArgs) -> Result<ExitCode> {
        let recipe = recipe(args)?;
        let weights = args.weights.as_deref().map(read).transpose()?;
        let mut log = args.log.as_deref().map(Log::create).transpose()?;
        if let Some(save) = &args.save {
            check_writable(save)?;
        }
        let mut session = open(&args.place)?;
        let start = weights.as_deref().map_or(Start::Fresh, Start::From);
        let plan = session.start(recipe.clone(), start)?;
        say!(
            "{} parameters on {}; batch {}, learning rate {}, seed {}",
            plan.parameters,
            session.accelerator().adapter,
            recipe.batch_size,
            recipe.learning_rate,
            recipe.seed
        );

        let interrupted = Arc::new(AtomicBool::new(false));
        let heard = interrupted.clone();
        ctrlc::set_handler(move || {
            // The first Ctrl-C ends the run after its present step; a second one ends the program.
            if heard.swap(true, Ordering::SeqCst) {
                std::process::exit(INTERRUPTED.into());
            }
        })?;

        let bar = ProgressBar::new(plan.steps as u64).with_style(ProgressStyle::with_template(
            "{bar:30} {pos}/{len} steps  {per_sec}  ETA {eta}  {msg}",
        )?);
        let began = Instant::now();
        let mut last_read = Instant::now();
        let mut logged = 0;
        loop {
            let step = session.step()?;
            let stop = step.run_end || interrupted.load(Ordering::SeqCst);
            if stop || step.epoch_end || last_read.elapsed() >= READ_EVERY {
                let losses = block_on(session.read_losses())?;
                for loss in &losses {
                    logged += 1;
                    if let Some(log) = &mut log {
                        log.step(logged, step.epoch, *loss)?;
                    }
                }
                bar.set_position(step.step as u64);
                bar.set_message(format!("loss {:.4}", losses.last().unwrap_or(&f64::NAN)));
                last_read = Instant::now();
            }
            if step.epoch_end {
                let found = block_on(session.evaluate())?;
                let train_loss = session.epoch_train_loss();
                bar.suspend(|| {
                    say!(
                        "epoch {:2}  training loss {train_loss:.4}, accuracy {:.2} %  test loss {:.4}  test accuracy {:.2} %",
                        step.epoch,
                        100.0 * session.epoch_train_accuracy(),
                        found.loss,
                        100.0 * found.accuracy
                    );
                });
                if let Some(log) = &mut log {
                    log.epoch(step.step, step.epoch, train_loss, &found)?;
                }
                if let Some(save) = &args.save {
                    write_atomically(save, &block_on(session.save_weights())?)?;
                }
            }
            if stop {
                break;
            }
        }
        bar.finish_and_clear();
        let seconds = began.elapsed().as_secs_f64();
        say!(
            "{logged} steps in {seconds:.1} s, {:.2} ms a step",
            1000.0 * seconds / logged as f64
        );

        let was_interrupted = interrupted.load(Ordering::SeqCst);
        let rescue = was_interrupted.then(|| PathBuf::from(RESCUE));
        if let Some(save) = args.save.clone().or(rescue) {
            write_atomically(&save, &block_on(session.save_weights())?)?;
            say!("weights saved to {}", save.display());
        }
        Ok(match was_interrupted {
            true => ExitCode::from(INTERRUPTED),
            false => ExitCode::SUCCESS,
        })
    }

    fn recipe(args: &TrainArgs) -> Result<Recipe> {
        let preset = match &args.recipe {
            Some(path) => serde_json::from_slice(&read(path)?).with_context(|| path.display().to_string())?,
            None => Recipe::preset(&args.preset)?,
        };
        let recipe = Recipe {
            epochs: args.epochs.unwrap_or(preset.epochs),
            steps: args.steps.or(preset.steps),
            batch_size: args.batch.unwrap_or(preset.batch_size),
            learning_rate: args.lr.unwrap_or(preset.learning_rate),
            seed: args.seed.unwrap_or(preset.seed),
            shuffle: preset.shuffle && !args.no_shuffle,
            train_count: args.images.or(preset.train_count),
            ..preset
        };
        recipe.validate()?;
        Ok(recipe)
    }

    fn eval(args: &EvalArgs) -> Result<()> {
        let bytes = read(&args.weights)?;
        let mut session = open(&args.place)?;
        session
            .load_weights(&bytes)
            .with_context(|| args.weights.display().to_string())?;
        let found = block_on(session.evaluate())?;
        say!(
            "test loss {:.4}  test accuracy {:.2} %",
            found.loss,
            100.0 * found.accuracy
        );
        say!("rows: the digit; columns: what it was taken for");
        for (digit, row) in found.confusion.rows().iter().enumerate() {
            let counts: String = row.iter().map(|count| format!("{count:6}")).collect();
            say!("{digit} |{counts}");
        }
        Ok(())
    }

    fn info(args: &InfoArgs) -> Result<()> {
        let recipe = Recipe::preset(&args.preset)?;
        say!("{}", serde_json::to_string_pretty(&recipe)?);
        for (at, [channels, height, width]) in recipe.net.conv_shapes()?.into_iter().enumerate() {
            say!("after convolution block {at}: {channels}×{height}×{width}");
        }
        for (at, [inputs, outputs]) in recipe.net.dense_sizes()?.into_iter().enumerate() {
            say!("dense layer {at}: {inputs} → {outputs}");
        }
        let device = Accelerator::cpu().device;
        if let Some(path) = &args.weights {
            let (_, batches) = checkpoint::from_safetensors(&recipe.net, &read(path)?, &device)
                .with_context(|| path.display().to_string())?;
            say!("{} fits; trained for {batches} steps", path.display());
        }
        if let Some(path) = &args.save {
            let net = recipe.net.init(args.seed, &device)?;
            write_atomically(path, &block_on(checkpoint::to_safetensors(&recipe.net, &net, 0))?)?;
            say!(
                "the initial weights of seed {} are in {}",
                args.seed,
                path.display()
            );
        }
        Ok(())
    }

    fn export(args: &ExportArgs) -> Result<()> {
        let mut session = TrainSession::new(Accelerator::cpu());
        session
            .load_weights(&read(&args.weights)?)
            .with_context(|| args.weights.display().to_string())?;
        write_atomically(&args.onnx, &block_on(session.save_onnx(None))?)
    }

    /// Opens the device and gives it the images.
    fn open(place: &Place) -> Result<TrainSession> {
        let idx = |name: &str| read_idx(&place.data, name);
        let split = |prefix: &str| -> Result<Split> {
            let (images, labels) = (
                format!("{prefix}-images-idx3-ubyte"),
                format!("{prefix}-labels-idx1-ubyte"),
            );
            let (image_bytes, label_bytes) = (idx(&images)?, idx(&labels)?);
            let file = |name, bytes| IdxFile { name, bytes };
            Ok(Split::from_idx(
                file(&images, &image_bytes),
                file(&labels, &label_bytes),
            )?)
        };
        let (train, test) = (split("train")?, split("t10k")?);
        let accelerator = match place.device {
            DeviceArg::Cpu => Accelerator::cpu(),
            #[cfg(feature = "gpu")]
            DeviceArg::Gpu => block_on(Accelerator::gpu())?,
        };
        let mut session = TrainSession::new(accelerator);
        session.load_data(&train, &test);
        Ok(session)
    }

    /// An IDX file of `folder`, unpacked.
    fn read_idx(folder: &Path, name: &str) -> Result<Vec<u8>> {
        let plain = folder.join(name);
        if plain.exists() {
            return read(&plain);
        }
        let packed = folder.join(format!("{name}.gz"));
        if !packed.exists() {
            bail!(
                "{} has neither {name} nor {name}.gz; ./build.sh setup brings MNIST to www/data",
                folder.display()
            );
        }
        let mut bytes = Vec::new();
        flate2::read::MultiGzDecoder::new(File::open(&packed)?)
            .read_to_end(&mut bytes)
            .with_context(|| format!("{} cannot be unpacked", packed.display()))?;
        Ok(bytes)
    }

    fn read(path: &Path) -> Result<Vec<u8>> {
        fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
    }

    /// Before hours of training: whether a file can be made there.
    fn check_writable(path: &Path) -> Result<()> {
        let temporary = beside(path);
        File::create(&temporary).with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(fs::remove_file(temporary)?)
    }

    /// A reader sees the old file or the whole new one, never a part.
    fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
        let temporary = beside(path);
        fs::write(&temporary, bytes)
            .and_then(|()| fs::rename(&temporary, path))
            .with_context(|| format!("{} cannot be written", path.display()))
    }

    fn beside(path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        name.into()
    }

    /// The CSV of a run: a row a step with its loss, a row an epoch with what its evaluation found.
    struct Log(BufWriter<File>);

    impl Log {
        fn create(path: &Path) -> Result<Self> {
            let file = File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
            let mut log = Self(BufWriter::new(file));
            writeln!(log.0, "step,epoch,loss,train_loss,test_loss,test_accuracy")?;
            Ok(log)
        }

        fn step(&mut self, step: usize, epoch: usize, loss: f64) -> Result<()> {
            Ok(writeln!(self.0, "{step},{epoch},{loss:.9},,,")?)
        }

        fn epoch(&mut self, step: usize, epoch: usize, train_loss: f64, found: &Evaluation) -> Result<()> {
            writeln!(
                self.0,
                "{step},{epoch},,{train_loss:.9},{:.9},{:.4}",
                found.loss, found.accuracy
            )?;
            Ok(self.0.flush()?)
        }
    }
}
