//! `tph emulate PROFILE --dir DIR`

mod board;
mod qemu;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tph_emu::vfio_user::{ServerHandle, serve};
use tph_emu::{FunctionId, Host, Profile, Scoreboard, SharedHost};

use crate::cli::EmulateArgs;
use crate::failure::Failure;
use crate::safe::{clean, clean_lines};
use crate::source;
use crate::style::title;
use crate::{output, words};

/// How often the functions are looked at.
const INTERVAL: Duration = Duration::from_millis(200);

/// What happens; one line of JSON each.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "kebab-case")]
#[cfg_attr(test, schemars(rename = "EmulateEvent"))]
pub(crate) enum Event<'a> {
    /// The sockets are there.
    Serving {
        profile: &'a str,
        functions: &'a [Served],
        /// The table with the firmware's tags; null if the firmware names none.
        acpi_table: Option<String>,
        qemu_arguments: &'a [String],
    },
    /// A client is there now, or not any more.
    Client { function: &'a str, connected: bool },
    /// A session with a client ended badly.
    SessionError { function: &'a str, reason: String },
    /// A function has sent something since it was last looked at.
    Sent {
        #[cfg_attr(test, schemars(with = "crate::schema::Scoreboard"))]
        scoreboard: &'a Scoreboard,
    },
}

/// A function and its socket.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Served {
    name: String,
    address: String,
    #[serde(serialize_with = "output::path")]
    #[cfg_attr(test, schemars(with = "String"))]
    socket: PathBuf,
}

/// One function while it is served.
struct Watched {
    id: FunctionId,
    name: String,
    server: ServerHandle,
    connected: bool,
    board: Scoreboard,
}

pub(crate) fn emulate(args: &EmulateArgs, json: bool) -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let profile = source::profile(Some(&args.profile))?;
    std::fs::create_dir_all(&args.dir).map_err(|error| failed(&args.dir, error))?;
    let table = write_table(&profile, &args.dir)?;
    let served = serve_until(&profile, &args.dir, table.as_deref(), &mut signals, json);
    let removed = table.map_or(Ok(()), |table| {
        std::fs::remove_file(&table).map_err(|error| failed(&table, error))
    });
    served.and(removed)
}

/// Serves the functions until a signal comes. Their sockets go with them.
fn serve_until(
    profile: &Profile,
    folder: &Path,
    table: Option<&Path>,
    signals: &mut Signals,
    json: bool,
) -> Result<(), Failure> {
    let host = SharedHost::new(Host::new(profile));
    let mut watched = serve_all(&host, folder)?;

    let functions: Vec<_> = watched.iter().map(|watched| served(&host, watched)).collect();
    let sockets: BTreeMap<_, _> =
        functions.iter().map(|f| (f.name.as_str(), f.socket.as_path())).collect();
    let event = Event::Serving {
        profile: &profile.name,
        functions: &functions,
        acpi_table: table.map(|path| path.display().to_string()),
        qemu_arguments: &qemu::arguments(profile, &sockets, table),
    };
    output::say(json, &event, text)?;
    while signals.pending().next().is_none() {
        for watched in &mut watched {
            watched.look(&host, json)?;
        }
        std::thread::sleep(INTERVAL);
    }
    Ok(())
}

impl Watched {
    /// Says what has changed since the last time.
    fn look(&mut self, host: &SharedHost, json: bool) -> Result<(), Failure> {
        let connected = self.server.is_connected();
        if connected != self.connected {
            self.connected = connected;
            output::say(json, &Event::Client { function: &self.name, connected }, text)?;
        }
        if let Some(error) = self.server.take_error() {
            let reason = error.to_string();
            output::say(json, &Event::SessionError { function: &self.name, reason }, text)?;
        }
        let board = host.lock().scoreboard(self.id);
        if board != self.board {
            self.board = board;
            output::say(json, &Event::Sent { scoreboard: &self.board }, text)?;
        }
        Ok(())
    }
}

fn serve_all(host: &SharedHost, folder: &Path) -> Result<Vec<Watched>, Failure> {
    let functions: Vec<_> = {
        let host = host.lock();
        host.functions().map(|(id, endpoint)| (id, endpoint.profile().name.clone())).collect()
    };
    let serve_one = |(id, name): (FunctionId, String)| {
        let server = serve(host.clone(), id, &folder.join(format!("{name}.sock")))?;
        let board = host.lock().scoreboard(id);
        Ok(Watched { id, name, server, connected: false, board })
    };
    functions.into_iter().map(serve_one).collect()
}

fn served(host: &SharedHost, watched: &Watched) -> Served {
    let address = host.lock().endpoint(watched.id).bdf().to_string();
    let socket = watched.server.path().to_owned();
    Served { name: watched.name.clone(), address, socket }
}

fn write_table(profile: &Profile, folder: &Path) -> Result<Option<PathBuf>, Failure> {
    let Some(table) = tph_emu::ssdt::table(profile) else { return Ok(None) };
    let path = folder.join("tags.aml");
    std::fs::write(&path, table).map_err(|error| {
        let _ = std::fs::remove_file(&path); // Half of it is of no use.
        failed(&path, error)
    })?;
    Ok(Some(path))
}

fn failed(path: &Path, error: std::io::Error) -> Failure {
    Failure::File { path: path.to_owned(), error }
}

fn text(event: &Event<'_>) -> String {
    match event {
        Event::Serving { profile, functions, qemu_arguments, .. } => {
            let count = words::count(functions.len() as u64, "function");
            let mut lines =
                vec![format!("{}  {count} of {} served", title("vfio-user"), clean(profile))];
            lines.extend(functions.iter().map(|function| {
                let place = function.socket.display();
                clean(&format!("  {}  {}  {place}", function.name, function.address))
            }));
            lines.extend([String::new(), "Add to QEMU (10.1 or later, -machine q35):".into()]);
            lines.push(String::new());
            lines.push(clean_lines(&qemu::shell(qemu_arguments)));
            lines.extend([String::new(), "Served until interrupted (Ctrl-C).".into()]);
            lines.join("\n") + "\n"
        }
        Event::Client { function, connected: true } => {
            format!("\n{}: a client is there\n", clean(function))
        }
        Event::Client { function, connected: false } => {
            format!("\n{}: no client\n", clean(function))
        }
        Event::SessionError { function, reason } => {
            format!("\n{}: {}\n", clean(function), clean(reason))
        }
        Event::Sent { scoreboard } => board::text(scoreboard),
    }
}
