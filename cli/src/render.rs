//! An explanation for people: one line a step, colours where there is a terminal that wants some (`NO_COLOR` is respected).

use anstream::println;
use anstyle::{AnsiColor, Style};
use cognito_jwt_explain::explain::{Decision, Explanation, Header, ShownOutcome, ShownStep};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
const FAINT: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

/// The widest name of a check.
const NAME_WIDTH: usize = 16;

/// Prints an explanation.
pub fn explanation(explanation: &Explanation) {
    for step in &explanation.steps {
        self::step(step);
    }
    println!();
    decision(&explanation.decision);
    for note in &explanation.notes {
        println!("{DOUBTFUL}note{DOUBTFUL:#}  {note}");
    }
}

fn step(step: &ShownStep) {
    let (mark, style) = match step.outcome {
        ShownOutcome::Passed => ("ok", GOOD),
        ShownOutcome::Failed => ("FAIL", BAD),
        ShownOutcome::Noted => ("-", FAINT),
        ShownOutcome::Unchecked => ("?", DOUBTFUL),
    };
    let found = step.found.as_deref().unwrap_or("nothing");
    println!(
        "{style}{mark:<5}{style:#} {name:<NAME_WIDTH$} {found}",
        name = step.check,
        found = escaped(found)
    );
    if step.outcome != ShownOutcome::Passed
        && let Some(expected) = &step.expected
    {
        let indent = NAME_WIDTH.saturating_add(7);
        println!("{:indent$}{FAINT}expected: {}{FAINT:#}", "", escaped(expected));
    }
}

fn decision(decision: &Decision) {
    let style = if decision.passes { GOOD } else { BAD };
    let name = &decision.decision;
    match (decision.passes, decision.status) {
        (false, Some(status)) => println!("{STRONG}decision{STRONG:#}  {style}{name}{style:#}, status {status}"),
        (true, Some(status)) => println!(
            "{STRONG}decision{STRONG:#}  {DOUBTFUL}{name}{DOUBTFUL:#}, status {status}, not enforced: mode is shadow, so the request passes"
        ),
        (_, None) => println!("{STRONG}decision{STRONG:#}  {style}{name}{style:#}"),
    }
    if let Some(details) = &decision.details {
        println!("details   {details}");
    }
    if let Some(response) = &decision.response {
        println!("\n{STRONG}the client gets{STRONG:#}");
        headers(&response.headers);
        println!("\n  {}", response.body);
    }
    if let Some(upstream) = &decision.upstream {
        println!("\n{STRONG}the upstream gets{STRONG:#}");
        for name in &upstream.removed {
            println!("  without {}", escaped(name));
        }
        headers(&upstream.set);
        if upstream.removed.is_empty() && upstream.set.is_empty() {
            println!("  the request as it came");
        }
    }
}

fn headers(headers: &[Header]) {
    for Header { name, value } in headers {
        println!("  {}: {}", escaped(name), escaped(value));
    }
}

/// Without control characters, which could move a terminal's cursor.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|char| {
            if char.is_control() {
                char.escape_default().collect::<Vec<_>>()
            } else {
                vec![char]
            }
        })
        .collect()
}
