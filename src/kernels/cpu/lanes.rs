//! The vector units. Inner loops are written over arrays of fixed size, which LLVM turns into vector instructions:
//! simd128 in wasm, NEON, SSE2. The macro [`vectorised`] compiles a function once more for x86-64's wider
//! units and takes that one where the processor has them.

/// Floats that inner loops take at a time.
pub(super) const LANES: usize = 8;

/// Functions that are compiled once for what the target always has, and on x86-64 once more with AVX2 and FMA. The
/// constant `WIDE` tells them which it is: whether there are registers of eight lanes, or of four.
///
/// They stay functions of their own, and give the sums that they keep in arrays away as arrays: what is made of single
/// lanes in the same function, LLVM takes apart into scalars before it looks for vectors.
macro_rules! vectorised {
    ($(
        $(#[$attribute:meta])*
        $visible:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $out:ty)? $body:block
    )*) => {$(
        $(#[$attribute])*
        #[inline(never)]
        $visible fn $name($($argument: $type),*) $(-> $out)? {
            #[inline(always)]
            fn any<const WIDE: bool>($($argument: $type),*) $(-> $out)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn wide($($argument: $type),*) $(-> $out)? {
                    any::<true>($($argument),*)
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    // SAFETY: the processor has what `wide` is compiled for.
                    return unsafe { wide($($argument),*) };
                }
            }
            any::<false>($($argument),*)
        }
    )*};
}
pub(super) use vectorised;

/// a·b + c; fused where that is one instruction.
#[inline(always)]
pub(super) fn multiply_add<const WIDE: bool>(a: f32, b: f32, c: f32) -> f32 {
    if WIDE { a.mul_add(b, c) } else { a * b + c }
}
