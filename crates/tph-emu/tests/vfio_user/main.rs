//! The vfio-user server as an independent client sees it, and as a broken one does.

mod client;
mod messages;

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tph::ConfigOffset;
use tph_emu::vfio_user::{ServerHandle, serve};
use tph_emu::{FunctionId, Host, Profile, SharedHost};
use vfio_user::Client;

const CONFIG: u32 = 7;

struct Bench {
    host: SharedHost,
    function: FunctionId,
    server: ServerHandle,
    _folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let host = SharedHost::new(Host::new(&Profile::demo()));
        let function = host.lock().function_named("nic0").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let server = serve(host.clone(), function, &folder.path().join("nic0.sock")).unwrap();
        Self { host, function, server, _folder: folder }
    }

    fn path(&self) -> PathBuf {
        self.server.path().to_owned()
    }

    fn client(&self) -> Client {
        Client::new(&self.path()).unwrap()
    }

    fn dword(&self, offset: u16) -> u32 {
        self.host.lock().config_dword(self.function, ConfigOffset::new(offset).unwrap())
    }
}

fn set_config(client: &mut Client, offset: u16, value: u32) {
    client.region_write(CONFIG, u64::from(offset), &value.to_le_bytes()).unwrap();
}

fn until(mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(10), "it did not happen");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn the_server_ends_while_a_client_is_silent() {
    let bench = Bench::new();
    let path = bench.path();
    let _silent = UnixStream::connect(&path).unwrap();
    until(|| bench.server.is_connected());
    let start = Instant::now();
    bench.server.stop();
    assert!(start.elapsed() < Duration::from_secs(2));
    assert!(!path.exists());
}

#[test]
fn a_socket_that_exists_is_not_taken_over() {
    let bench = Bench::new();
    let error = serve(bench.host.clone(), bench.function, &bench.path()).unwrap_err();
    assert!(error.to_string().contains("nic0.sock"), "{error}");
    bench.client();
}
