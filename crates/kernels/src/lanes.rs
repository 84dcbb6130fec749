//! The vector operations that kernels are written in.

use bytemuck::Pod;
use pulp::Simd;

/// One instruction set's vector of f32.
///
/// Implemented by wrapping `pulp` and by plain arrays ([`Portable`]), which round multiply and add apart: a fused
/// multiply-add without hardware would be a slow library call.
pub(crate) trait Lanes: Copy {
    /// A vector.
    type V: Pod;
    /// Numbers in a vector.
    const LANES: usize = size_of::<Self::V>() / size_of::<f32>();
    /// Vectors that registers hold.
    const REGISTERS: usize = registers(Self::LANES);

    fn splat(self, x: f32) -> Self::V;
    /// `a * b + c`
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `x` where it is above `floor`, else `floor`; NaN stays NaN, so that a net that diverged is seen to
    fn at_least(self, floor: Self::V, x: Self::V) -> Self::V;
    /// `x` where `gate > 0`, else 0
    fn where_positive(self, gate: Self::V, x: Self::V) -> Self::V;
    /// `yes` where `x > than` or `x` is not a number, else `no`
    fn where_larger(self, x: Self::V, than: Self::V, yes: Self::V, no: Self::V) -> Self::V;
    /// `x` where `a == b`, else 0
    fn where_equal(self, a: Self::V, b: Self::V, x: Self::V) -> Self::V;
    /// Sum of the lanes in a fixed order.
    fn sum(self, a: Self::V) -> f32;
    /// Writes past the caches if the instruction set can; [`crate::write::Placed::end`] has to follow.
    ///
    /// # Safety
    /// The place is a multiple of the vector's size.
    #[allow(unsafe_code)]
    unsafe fn stream(self, to: &mut Self::V, x: Self::V);

    fn zero(self) -> Self::V {
        self.splat(0.0)
    }
}

/// Vector registers of the instruction set with `lanes` numbers in a vector: AVX-512 and NEON have 32, the others 16.
pub(crate) const fn registers(lanes: usize) -> usize {
    if lanes == 8 { 16 } else { 32 }
}

/// A computation over any instruction set.
pub(crate) trait Kernel {
    type Output;
    fn run<L: Lanes>(self, lanes: L) -> Self::Output;
}

/// Lets `pulp` compile a [`Kernel`] with the target features of a vector type.
pub(crate) struct OnPulp<K>(pub(crate) K);

impl<K: Kernel> pulp::WithSimd for OnPulp<K> {
    type Output = K::Output;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> K::Output {
        self.0.run(Pulp(simd))
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Pulp<S>(S);

impl<S: Simd> Lanes for Pulp<S> {
    type V = S::f32s;

    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        self.0.splat_f32s(x)
    }
    #[inline(always)]
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        self.0.mul_add_e_f32s(a, b, c)
    }
    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        self.0.add_f32s(a, b)
    }
    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        self.0.sub_f32s(a, b)
    }
    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        self.0.mul_f32s(a, b)
    }
    #[inline(always)]
    fn at_least(self, floor: Self::V, x: Self::V) -> Self::V {
        // The order matters: of two operands, one of them NaN, x86's maximum is the second; NEON's is NaN.
        self.0.max_f32s(floor, x)
    }
    #[inline(always)]
    fn where_positive(self, gate: Self::V, x: Self::V) -> Self::V {
        self.0.select_f32s(self.0.greater_than_f32s(gate, self.zero()), x, self.zero())
    }
    #[inline(always)]
    fn where_larger(self, x: Self::V, than: Self::V, yes: Self::V, no: Self::V) -> Self::V {
        // Neither order holds where one is not a number: `x` itself must be one for `than` to stay.
        let (larger, number) = (self.0.greater_than_f32s(x, than), self.0.equal_f32s(x, x));
        self.0.select_f32s(larger, yes, self.0.select_f32s(number, no, yes))
    }
    #[inline(always)]
    fn where_equal(self, a: Self::V, b: Self::V, x: Self::V) -> Self::V {
        self.0.select_f32s(self.0.equal_f32s(a, b), x, self.zero())
    }
    #[inline(always)]
    fn sum(self, a: Self::V) -> f32 {
        self.0.reduce_sum_f32s(a)
    }
    #[inline(always)]
    #[allow(unsafe_code)]
    unsafe fn stream(self, to: &mut Self::V, x: Self::V) {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_mm256_stream_ps, _mm512_stream_ps};
            let place = std::ptr::from_mut(to).cast::<f32>();
            debug_assert!(
                place.addr().is_multiple_of(size_of::<Self::V>()),
                "{place:?} is no place of a vector"
            );
            match size_of::<Self::V>() {
                // SAFETY: of pulp's vectors on x86-64 only AVX-512's has 64 bytes, so this machine has it, as the token `self.0` shows; both
                // types are plain bits of that size; the place may be written and is aligned, as the caller sees to.
                64 => return unsafe { _mm512_stream_ps(place, std::mem::transmute_copy(&x)) },
                // SAFETY: as above; of 32 bytes is AVX2's alone.
                32 => return unsafe { _mm256_stream_ps(place, std::mem::transmute_copy(&x)) },
                _ => {}
            }
        }
        *to = x;
    }
}

/// Plain arrays of 8, for machines without a supported vector unit; the compiler vectorizes what it can.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

#[inline(always)]
fn map2(a: [f32; 8], b: [f32; 8], f: impl Fn(f32, f32) -> f32) -> [f32; 8] {
    std::array::from_fn(|lane| f(a[lane], b[lane]))
}

impl Lanes for Portable {
    type V = [f32; 8];

    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        [x; 8]
    }
    #[inline(always)]
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        map2(map2(a, b, |a, b| a * b), c, |ab, c| ab + c)
    }
    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        map2(a, b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        map2(a, b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        map2(a, b, |a, b| a * b)
    }
    #[inline(always)]
    fn at_least(self, floor: Self::V, x: Self::V) -> Self::V {
        map2(floor, x, |floor, x| if x < floor { floor } else { x })
    }
    #[inline(always)]
    fn where_positive(self, gate: Self::V, x: Self::V) -> Self::V {
        map2(gate, x, |gate, x| if gate > 0.0 { x } else { 0.0 })
    }
    #[inline(always)]
    fn where_larger(self, x: Self::V, than: Self::V, yes: Self::V, no: Self::V) -> Self::V {
        std::array::from_fn(
            |lane| if x[lane] > than[lane] || x[lane].is_nan() { yes[lane] } else { no[lane] },
        )
    }
    #[inline(always)]
    fn where_equal(self, a: Self::V, b: Self::V, x: Self::V) -> Self::V {
        std::array::from_fn(|lane| if a[lane] == b[lane] { x[lane] } else { 0.0 })
    }
    #[inline(always)]
    fn sum(self, a: Self::V) -> f32 {
        ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
    }
    #[inline(always)]
    #[allow(unsafe_code)]
    unsafe fn stream(self, to: &mut Self::V, x: Self::V) {
        *to = x;
    }
}

/// The whole vectors of a slice; a remainder is left out.
#[inline(always)]
pub(crate) fn vectors<V: Pod>(slice: &[f32]) -> &[V] {
    let lanes = size_of::<V>() / size_of::<f32>();
    bytemuck::cast_slice(&slice[..slice.len() / lanes * lanes])
}

/// The whole vectors of a slice, to write.
#[inline(always)]
pub(crate) fn vectors_mut<V: Pod>(slice: &mut [f32]) -> &mut [V] {
    let lanes = size_of::<V>() / size_of::<f32>();
    let whole = slice.len() / lanes * lanes;
    bytemuck::cast_slice_mut(&mut slice[..whole])
}
