//! A program that serves HTTP on a port of this machine.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::http::Http;
use crate::patience::until;
use crate::process::Process;

/// How often starting is tried: between looking for a free port and using it, another program may take it.
const ATTEMPTS: u32 = 3;

/// Starts a program on a free port, which `configure` tells it, and waits until it answers at `ready`. Gives back the
/// address and the program.
pub async fn start(
    program: &Path,
    home: &Path,
    ready: &str,
    configure: impl Fn(&mut Command, &str),
) -> anyhow::Result<(String, Process)> {
    let http = Http::new();
    let mut attempt = 1;
    loop {
        let port = free_port()?.to_string();
        let mut process = Process::start(program, home, |command| configure(command, &port))?;
        let url = format!("http://127.0.0.1:{port}");
        let what = format!("{} answers", program.display());
        let answers = until(&what, async || match process.ended() {
            Some(status) => Ok(Some(Err(status))),
            None => Ok(http.is_there(&format!("{url}{ready}")).await.then_some(Ok(()))),
        });
        match answers.await? {
            Ok(()) => return Ok((url, process)),
            Err(_) if attempt < ATTEMPTS => attempt += 1,
            Err(status) => bail!("{} ended with {status}:\n{}", program.display(), process.log()),
        }
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
