//! `envoy-cognito-jwt`: checks configurations of the filter and explains its decisions, with the filter's own code. It opens no
//! connection.

mod check;
mod render;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use cognito_jwt::time::UnixTime;
use cognito_jwt_explain::documents::{self, Found};
use cognito_jwt_explain::explain::{self, Explanation, Request};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Check configurations of the envoy-cognito-jwt filter, and explain its decisions.
///
/// Nothing is sent anywhere: the tool opens no connection, and no output ever holds a token.
#[derive(Debug, Parser)]
#[command(
    name = "envoy-cognito-jwt",
    version,
    arg_required_else_help = true,
    max_term_width = 100
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check every configuration of the filter in these files.
    ///
    /// A file is the plugin configuration as JSON or YAML, or any YAML or JSON that holds one: an Envoy bootstrap or listener,
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
    /// Explain what the filter decides about a request, and why.
    ///
    /// The real filter decides, with a clock and keys that you choose: the rule that matched, the credential, each check with what
    /// was found and what was expected, the decision, and the headers that the client or the upstream would get.
    ///
    /// Exit status: 0 if the request passes, 1 if it is refused, 2 if something cannot be used.
    #[command(
        after_help = "Example:\n  pbpaste | envoy-cognito-jwt explain --config envoy.yaml --jwks jwks.json --token - \
                      --url https://api.example.com/orders"
    )]
    Explain(Box<Explain>),
    /// Print the JSON Schema (2020-12) of the configuration.
    #[command(after_help = "Example:\n  envoy-cognito-jwt schema > config.schema.json")]
    Schema,
    /// Print completions for a shell.
    #[command(after_help = "Example:\n  envoy-cognito-jwt completions bash > /etc/bash_completion.d/envoy-cognito-jwt")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    #[command(after_help = "Example:\n  envoy-cognito-jwt man > envoy-cognito-jwt.1")]
    Man,
}

#[derive(Debug, clap::Args)]
struct Explain {
    /// The file with the configuration, as `check` takes it, if it holds one configuration of this filter.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The pools' key set; otherwise keys come from `jwks.inline`, and without any the signature is not checked.
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// The request's method.
    #[arg(long, default_value = "GET", value_name = "METHOD")]
    method: String,
    /// The request's URL, or its path.
    #[arg(long, default_value = "/", value_name = "URL")]
    url: String,
    /// A request header; may be given several times.
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The bearer token: `-` reads it from standard input, so that it does not end up in the shell's history.
    #[arg(long, value_name = "-")]
    token: Option<PathBuf>,
    /// The name of the Envoy route.
    #[arg(long, value_name = "NAME")]
    route: Option<String>,
    /// The moment of the request: a Unix time or RFC 3339; now by default.
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<UnixTime>,
    /// How to print the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
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
        Command::Explain(arguments) => match explanation(&arguments) {
            Ok(explanation) => print(&explanation, arguments.format),
            Err(message) => unusable(&message),
        },
        Command::Schema => {
            anstream::println!("{:#}", cognito_jwt::config::schema::json_schema());
            OK
        }
        Command::Completions { shell } => {
            let mut command = Arguments::command();
            clap_complete::generate(shell, &mut command, "envoy-cognito-jwt", &mut std::io::stdout());
            OK
        }
        Command::Man => match clap_mangen::Man::new(Arguments::command()).render(&mut std::io::stdout()) {
            Ok(()) => OK,
            Err(error) => unusable(&error.to_string()),
        },
    };
    ExitCode::from(status)
}

fn unusable(message: &str) -> u8 {
    anstream::eprintln!("envoy-cognito-jwt: {message}");
    UNUSABLE
}

fn print(explanation: &Explanation, format: Format) -> u8 {
    match format {
        Format::Text => render::explanation(explanation),
        Format::Json => anstream::println!("{:#}", serde_json::json!(explanation)),
    }
    if explanation.decision.passes { OK } else { NOT_OK }
}

fn explanation(arguments: &Explain) -> Result<Explanation, String> {
    let config = configuration(&arguments.config)?;
    let jwks = match &arguments.jwks {
        Some(file) => Some(read(file)?),
        None => None,
    };
    let request = request(arguments)?;
    let now = match arguments.at {
        Some(at) => at,
        None => now()?,
    };
    explain::explain(&config.json, jwks.as_deref(), &request, now).map_err(|error| error.to_string())
}

fn request(arguments: &Explain) -> Result<Request, String> {
    let mut request = Request::new(&arguments.method, &arguments.url).map_err(|error| error.to_string())?;
    for line in &arguments.headers {
        request = request.with_header(line).map_err(|error| error.to_string())?;
    }
    if let Some(file) = &arguments.token {
        if file.as_os_str() != documents::STANDARD_INPUT {
            return Err("--token takes only '-': the token is read from standard input".to_owned());
        }
        request = request.with_token(&read(file)?);
    }
    if let Some(route) = &arguments.route {
        request = request.with_route(route);
    }
    Ok(request)
}

/// Returns the one configuration of the filter in a file.
fn configuration(file: &Path) -> Result<Found, String> {
    let mut found = documents::find(&read(file)?).map_err(|error| format!("{}: {error}", file.display()))?;
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(format!(
            "{}: holds several configurations of this filter; explain takes a file with one",
            file.display()
        )),
    }
}

fn read(file: &Path) -> Result<String, String> {
    documents::read(file).map_err(|error| format!("{}: {error}", file.display()))
}

fn now() -> Result<UnixTime, String> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let since = since.map_err(|_| "the clock is before 1970".to_owned())?;
    Ok(UnixTime::from_millis(
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
    ))
}

/// Returns a Unix time, with a fraction if one likes, or RFC 3339.
fn time(text: &str) -> Result<UnixTime, String> {
    let millis = match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Some((seconds * 1000.0) as u64),
        Ok(_) => None,
        Err(_) => text
            .parse::<jiff::Timestamp>()
            .ok()
            .and_then(|moment| u64::try_from(moment.as_millisecond()).ok()),
    };
    millis
        .map(UnixTime::from_millis)
        .ok_or_else(|| "expected a Unix time such as 1700000000, or RFC 3339 such as 2026-11-27T15:00:00Z".to_owned())
}
