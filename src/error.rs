//! The one error type. Each message is the sentence a person reads, on the page or in a terminal: it names
//! what is wrong and what is accepted.

/// Why something could not be done. [`Error::code`] is stable; the message is for people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An IDX file is not what it should be.
    #[error("{file}: {problem}")]
    BadData {
        /// The file's name, as the caller knows it.
        file: String,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// A recipe or network that cannot be trained.
    #[error("{name}: {problem}")]
    BadOption {
        /// The option's name in the API.
        name: String,
        /// What is wrong and what is accepted.
        problem: String,
    },
    /// A weights file that does not fit the network, or is no safetensors file.
    #[error("the weights do not fit: {0}")]
    BadWeights(String),
    /// A snapshot that no run can be taken up from.
    #[error("the snapshot cannot be used: {0}")]
    BadSnapshot(String),
    /// Training or evaluation without images.
    #[error("no images are loaded: load the data first")]
    NoData,
    /// Prediction, evaluation or saving without a network.
    #[error("there is no network yet: train one or open weights first")]
    NoNetwork,
    /// A step without a run, or a part of an evaluation that was not begun.
    #[error("nothing is under way: start a run or begin an evaluation first")]
    NoRun,
    /// No GPU that can train here.
    #[error("the GPU cannot be used: {0}")]
    GpuUnavailable(String),
    /// The GPU failed while it was in use: nothing computed since can be trusted.
    #[error("the GPU failed: {0}")]
    GpuFault(String),
}

/// Results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A word for programs: the `code` of the page's errors.
    pub fn code(&self) -> &'static str {
        match self {
            Error::BadData { .. } => "bad-data",
            Error::BadOption { .. } => "bad-option",
            Error::BadWeights(_) => "bad-weights",
            Error::BadSnapshot(_) => "bad-snapshot",
            Error::NoData => "no-data",
            Error::NoNetwork => "no-network",
            Error::NoRun => "no-run",
            Error::GpuUnavailable(_) => "gpu-unavailable",
            Error::GpuFault(_) => "gpu-fault",
        }
    }

    pub(crate) fn option(name: &str, problem: impl Into<String>) -> Self {
        Error::BadOption {
            name: name.into(),
            problem: problem.into(),
        }
    }

    /// A device operation that failed.
    pub(crate) fn fault(error: impl std::fmt::Display) -> Self {
        Error::GpuFault(error.to_string())
    }

    pub(crate) fn data(file: &str, problem: impl Into<String>) -> Self {
        Error::BadData {
            file: file.into(),
            problem: problem.into(),
        }
    }
}
