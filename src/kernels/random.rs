//! Random numbers that depend on nothing but where they are used: the run's seed, the step, the place. So they
//! need no state, come out the same on every device and in any order, and can be drawn again.

/// The seed of all that is drawn in one step of a run: another in each.
pub(crate) fn step_seed(run_seed: u64, step: u64) -> u32 {
    let run = run_seed as u32 ^ (run_seed >> 32) as u32;
    // Odd multipliers far apart keep runs and steps apart; the draws hash what comes of it.
    run.wrapping_mul(0x9E37_79B1)
        .wrapping_add((step as u32).wrapping_mul(0x85EB_CA77))
}

/// The PCG hash (Jarzynski and Olano, Hash Functions for GPU Rendering, 2020,
/// https://jcgt.org/published/0009/03/02/). The kernels on the GPU do the same in 32 bits.
pub(crate) fn hash(value: u32) -> u32 {
    let state = value.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
    let word = ((state >> ((state >> 28) + 4)) ^ state).wrapping_mul(277_803_737);
    (word >> 22) ^ word
}

/// How many values [`draw`] can give: as many as fit between 0 and 1 in a f32.
pub(crate) const DRAWN: u32 = 1 << 24;

/// A whole number below [`DRAWN`]: the draw `index` of those that `hashed`, a hashed seed, stands for.
pub(crate) fn draw(hashed: u32, index: u32) -> u32 {
    hash(index.wrapping_add(hashed)) >> 8
}

/// A number in [0, 1).
pub(crate) fn uniform(seed: u32, index: u32) -> f32 {
    draw(hash(seed), index) as f32 / DRAWN as f32
}
