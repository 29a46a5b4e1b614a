//! Threads, where there are any: natively. The page's wasm has one.

/// Into how many parts work is split whose parts are summed afterwards. Not the number of cores: the sums shall
/// not depend on it.
pub(super) const SHARES: usize = if cfg!(target_family = "wasm") { 1 } else { 8 };

/// Into how many parts work is split whose parts have nothing to do with each other.
pub(super) fn threads() -> usize {
    #[cfg(target_family = "wasm")]
    return 1;
    #[cfg(not(target_family = "wasm"))]
    rayon::current_num_threads()
}

/// Does `job` to each item.
pub(super) fn each<T: Send>(items: Vec<T>, job: impl Fn(T) + Send + Sync) {
    #[cfg(not(target_family = "wasm"))]
    if items.len() > 1 {
        use rayon::prelude::*;
        return items.into_par_iter().for_each(job);
    }
    items.into_iter().for_each(job);
}
