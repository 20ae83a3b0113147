//! Names that are almost what a person wrote.

use tph::Bdf;

/// How alike two names have to be, from 0 to 1: a letter too many, too few, wrong or swapped in four.
const ALIKE: f64 = 0.74;
/// The same for addresses, which are all alike: one digit may be wrong.
const ALIKE_ADDRESS: f64 = 0.9;
/// How many are worth reading.
const MOST: usize = 3;

/// Those of `known` that look like `wanted`, the most similar first.
pub(super) fn to(wanted: &str, known: impl IntoIterator<Item = String>) -> Vec<String> {
    let (wanted, enough) = match wanted.parse::<Bdf>() {
        // As addresses are listed, so that a missing domain does not count.
        Ok(address) => (address.to_string(), ALIKE_ADDRESS),
        Err(_) => (wanted.to_owned(), ALIKE),
    };
    let alike = |name: &String| strsim::normalized_damerau_levenshtein(&wanted, name);
    let mut found: Vec<_> = known.into_iter().map(|name| (alike(&name), name)).collect();
    found.retain(|(alike, _)| *alike > enough);
    found.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    found.truncate(MOST);
    found.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_recognized_and_a_stranger_is_not() {
        let of =
            |wanted: &str, known: &[&str]| to(wanted, known.iter().copied().map(str::to_owned));
        let known = ["eth0", "enp1s0f0", "nvme0", "0000:01:00.0"];
        assert_eq!(of("ehtx", &known), [""; 0]);
        assert_eq!(of("enp1sf0", &known), ["enp1s0f0"]);
        assert_eq!(of("nmve0", &known), ["nvme0"]);
        assert_eq!(of("eht0", &known), ["eth0"]);
        assert_eq!(of("1:0.1", &known), ["0000:01:00.0"]);
        assert_eq!(of("1:1.1", &known), [""; 0]);
        assert_eq!(of("wlan7", &known), [""; 0]);
        assert_eq!(of("nvme9", &["nvme0", "nvme1", "nvme2", "nvme3"]).len(), MOST);
    }
}
