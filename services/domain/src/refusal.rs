//! Refusals: the domain says no, with a code to branch on and a sentence in both languages.

/// What every refusal can tell.
pub trait Refuse: std::error::Error {
    /// The stable code, in kebab case; it ends up in the `type` of a problem.
    fn code(&self) -> &'static str;

    /// The sentence in Chinese; `Display` gives the English one.
    fn chinese(&self) -> String;
}

/// Declares an aggregate's refusals: variant, code, English, Chinese.
///
/// The sentences say what to do next, and may name the variant's fields in braces.
macro_rules! refusals {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident {
            $(
                $variant:ident $({ $($field:ident: $type:ty),+ $(,)? })?
                    => $code:literal, $english:literal, $chinese:literal;
            )+
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        pub enum $name {
            $(
                #[doc = concat!("The problem `", $code, "`.")]
                #[error($english)]
                $variant $({
                    $(
                        #[doc = concat!("The `", stringify!($field), "` in question.")]
                        $field: $type,
                    )+
                })?,
            )+
        }

        impl $crate::refusal::Refuse for $name {
            fn code(&self) -> &'static str {
                match self { $(Self::$variant $({ $($field: _),+ })? => $code),+ }
            }

            fn chinese(&self) -> String {
                match self { $(Self::$variant $({ $($field),+ })? => {
                    $($(let _ = $field;)+)?
                    format!($chinese)
                }),+ }
            }
        }
    };
}
pub(crate) use refusals;
