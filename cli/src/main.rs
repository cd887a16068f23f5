//! `envoy-cognito-jwt`: checks configurations of the filter and explains its decisions, with the filter's own code. It opens no
//! connection.

mod check;
mod documents;

use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

/// Check configurations of the envoy-cognito-jwt filter, and explain its decisions.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check every configuration of the filter in these files.
    ///
    /// A file is the plugin configuration as JSON or YAML, or any YAML or JSON that holds some: an Envoy bootstrap or listener,
    /// Istio's WasmPlugin and EnvoyFilter, Envoy Gateway's EnvoyExtensionPolicy. A file may hold several documents.
    ///
    /// Exit status: 0 if all configurations load, 1 if one has an error, 2 if a file cannot be read or holds no configuration of
    /// this filter.
    #[command(after_help = "Example:\n  envoy-cognito-jwt check envoy.yaml deploy/istio/*.yaml")]
    Check {
        /// The files; `-` is standard input.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// How to print the result.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines for people.
    Text,
    /// One JSON document for programs.
    Json,
}

/// Everything is fine, or the request passes.
const OK: u8 = 0;
/// A configuration has an error, or the request is refused.
const NOT_OK: u8 = 1;
/// Wrong usage, or a file that cannot be used. `clap` exits with the same status.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    let status = match Arguments::parse().command {
        Command::Check { files, format } => check::run(&files, format),
    };
    ExitCode::from(status)
}
