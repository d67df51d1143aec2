//! Instruction-set dispatch: the hot sweeps compiled once for every x86-64 and once for AVX2.
//!
//! Both do the same operations in the same order without fused multiply–add, so results have
//! the same bits on every machine.

/// Defines a function whose body is compiled twice and chosen at run time.
///
/// `kernel! { /// doc  pub fn add(a: &[f32], out: &mut [f32]) { … } }`
#[macro_export]
macro_rules! kernel {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)? $body:block) => {
        $(#[$meta])*
        $vis fn $name($($arg: $type),*) $(-> $out)? {
            #[inline(always)]
            fn body($($arg: $type),*) $(-> $out)? $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn wide($($arg: $type),*) $(-> $out)? {
                    body($($arg),*)
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has AVX2, the only feature that `wide` asks for.
                    #[allow(unsafe_code)]
                    return unsafe { wide($($arg),*) };
                }
            }
            body($($arg),*)
        }
    };
}
