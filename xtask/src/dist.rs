//! `cargo xtask dist`: what goes with the command, made from its definition: a manual page for each
//! verb, completions for each shell.

use clap::Args;
use clap_complete::Shell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tph_lab::Error;

/// The shells, and where below `share` each looks for completions.
const SHELLS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions/tph"),
    (Shell::Zsh, "zsh/vendor-completions/_tph"),
    (Shell::Fish, "fish/vendor_completions.d/tph.fish"),
];

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where to, laid out as below /usr/share: man/man1 and a folder for each shell
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    write(&arguments.folder)?;
    println!("{}", arguments.folder.display());
    Ok(ExitCode::SUCCESS)
}

/// Writes all of it below `share`.
pub(crate) fn write(share: &Path) -> Result<(), Error> {
    let pages = share.join("man/man1");
    fs::create_dir_all(&pages).map_err(Error::file("write", &pages))?;
    clap_mangen::generate_to(tph_cli::definition(), &pages)
        .map_err(Error::file("write", &pages))?;
    for (shell, place) in SHELLS {
        let path = share.join(place);
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut tph_cli::definition(), "tph", &mut script);
        fs::create_dir_all(path.parent().unwrap_or(share)).map_err(Error::file("write", &path))?;
        fs::write(&path, script).map_err(Error::file("write", &path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> (tempfile::TempDir, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path()).unwrap();
        let definition = tph_cli::definition();
        let verbs = definition.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
        (folder, verbs)
    }

    #[test]
    fn every_verb_has_a_page_with_its_options_and_the_command_one_with_its_exit_codes() {
        let (folder, verbs) = written();
        let page = |name: &str| {
            fs::read_to_string(folder.path().join("man/man1").join(name))
                .unwrap()
                .replace("\\-", "-")
        };
        assert!(verbs.len() > 8, "{verbs:?}");
        for verb in &verbs {
            let text = page(&format!("tph-{verb}.1"));
            assert!(text.contains(&format!(".TH tph-{verb} 1")), "{verb}: {text}");
            assert!(text.contains("--pretty"), "{verb}: {text}");
        }
        assert!(page("tph.1").contains("Exit codes:"));
        let pages = fs::read_dir(folder.path().join("man/man1")).unwrap().count();
        assert_eq!(pages, verbs.len() + 1, "and no others");
    }

    #[test]
    fn every_shell_completes_every_verb() {
        let (folder, verbs) = written();
        for (shell, place) in SHELLS {
            let script = fs::read_to_string(folder.path().join(place)).unwrap();
            for verb in &verbs {
                assert!(script.contains(verb.as_str()), "{shell}: {verb}");
            }
        }
    }

    #[test]
    fn bash_offers_the_verbs_that_begin_so() {
        let (folder, _) = written();
        let script = folder.path().join(SHELLS[0].1);
        let ask = "source \"$1\"; COMP_WORDS=(tph un); COMP_CWORD=1; _tph tph un tph; echo \"${COMPREPLY[@]}\"";
        let mut bash = std::process::Command::new("bash");
        let said = bash.args(["-c", ask, "ask"]).arg(script).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&said.stdout), "unbind\n", "{said:?}");
    }
}
