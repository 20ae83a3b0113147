//! Module parameters.

use std::fmt;
use std::str::FromStr;

/// A module parameter, `NAME=VALUE`; the name is one that a module can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    name: String,
    value: String,
}

/// A text that is no module parameter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not NAME=VALUE: {0:?}")]
pub struct NotAParameter(String);

impl Parameter {
    /// Parameters as the kernel takes them for one module.
    pub(crate) fn join(parameters: &[Self]) -> String {
        parameters.iter().map(Self::to_string).collect::<Vec<_>>().join(" ")
    }
}

impl FromStr for Parameter {
    type Err = NotAParameter;

    fn from_str(text: &str) -> Result<Self, NotAParameter> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        match text.split_once('=') {
            Some((name, value))
                if !name.is_empty() && name.chars().all(fits) && !value.contains('"') =>
            {
                Ok(Self { name: name.to_owned(), value: value.to_owned() })
            }
            _ => Err(NotAParameter(text.to_owned())),
        }
    }
}

impl fmt::Display for Parameter {
    /// Quoted as the kernel's `next_arg` undoes it (lib/cmdline.c).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.value.contains(char::is_whitespace) {
            write!(f, "{}=\"{}\"", self.name, self.value)
        } else {
            write!(f, "{}={}", self.name, self.value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_joined_as_the_kernel_reads_them() {
        let parameters: Vec<Parameter> =
            ["enable_unsafe_tph_ds=1", "note=two words"].map(|text| text.parse().unwrap()).into();
        assert_eq!(Parameter::join(&parameters), "enable_unsafe_tph_ds=1 note=\"two words\"");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "flag", "=1", "a b=1", "a=\"quoted\""] {
            assert!(text.parse::<Parameter>().is_err(), "{text}");
        }
    }
}
