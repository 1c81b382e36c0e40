//! What GitHub Actions and GitLab CI say of the run, in the words that Fulcio writes into certificates.
//!
//! Who signs is not taken from there: the certificate names the workflow that signs, which may be another one (a
//! reusable workflow).

use pass::record::Known;

/// Where the command runs, and what is known from there; `None` where that is unknown.
pub(super) fn found(variable: &dyn Fn(&str) -> Option<String>) -> Option<(&'static str, Known)> {
    let given = |name: &str| variable(name).filter(|value| !value.is_empty());
    if given("GITHUB_ACTIONS").as_deref() == Some("true") {
        return Some(("GitHub Actions", github(&given)));
    }
    (given("GITLAB_CI").as_deref() == Some("true")).then(|| ("GitLab CI", gitlab(&given)))
}

fn github(given: &dyn Fn(&str) -> Option<String>) -> Known {
    let repository = given("GITHUB_SERVER_URL").zip(given("GITHUB_REPOSITORY"));
    let repository = repository.map(|(server, name)| format!("{server}/{name}"));
    let attempt = given("GITHUB_RUN_ID").zip(given("GITHUB_RUN_ATTEMPT"));
    let run = repository.as_ref().zip(attempt);
    Known {
        reference: given("GITHUB_REF"),
        run: run.map(|(repository, (id, attempt))| format!("{repository}/actions/runs/{id}/attempts/{attempt}")),
        repository,
        ..Known::default()
    }
}

fn gitlab(given: &dyn Fn(&str) -> Option<String>) -> Known {
    let tag = given("CI_COMMIT_TAG").map(|tag| format!("refs/tags/{tag}"));
    let branch = given("CI_COMMIT_BRANCH").map(|branch| format!("refs/heads/{branch}"));
    Known {
        reference: tag.or(branch),
        run: given("CI_JOB_URL"),
        repository: given("CI_PROJECT_URL"),
        ..Known::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Option<(&'static str, Known)> {
        found(&|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn github_actions() {
        let (place, known) = of(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "acme/widget"),
            ("GITHUB_REF", "refs/tags/v1"),
            ("GITHUB_RUN_ID", "7"),
            ("GITHUB_RUN_ATTEMPT", "2"),
        ])
        .unwrap();
        assert_eq!(place, "GitHub Actions");
        assert_eq!(known.repository.as_deref(), Some("https://github.com/acme/widget"));
        assert_eq!(known.reference.as_deref(), Some("refs/tags/v1"));
        let run = "https://github.com/acme/widget/actions/runs/7/attempts/2";
        assert_eq!((known.run.as_deref(), known.identity), (Some(run), None));
        // What is not there is not made up.
        let (_, known) = of(&[("GITHUB_ACTIONS", "true"), ("GITHUB_RUN_ID", "7")]).unwrap();
        assert_eq!(known, Known::default());
    }

    #[test]
    fn gitlab_ci() {
        let job = "https://gitlab.com/acme/widget/-/jobs/7";
        let base = [
            ("GITLAB_CI", "true"),
            ("CI_JOB_URL", job),
            ("CI_PROJECT_URL", "https://gitlab.com/acme/widget"),
            ("CI_COMMIT_TAG", ""),
            ("CI_COMMIT_BRANCH", "main"),
        ];
        let (_, known) = of(&base).unwrap();
        assert_eq!(
            (known.reference.as_deref(), known.run.as_deref()),
            (Some("refs/heads/main"), Some(job))
        );
        let tagged: Vec<_> = base.into_iter().filter(|(name, _)| *name != "CI_COMMIT_TAG").collect();
        let (_, known) = of(&[&tagged[..], &[("CI_COMMIT_TAG", "v1")]].concat()).unwrap();
        assert_eq!(known.reference.as_deref(), Some("refs/tags/v1"));
    }

    #[test]
    fn elsewhere_nothing_is_taken() {
        assert_eq!(of(&[("GITHUB_REF", "refs/tags/v1"), ("GITHUB_ACTIONS", "1")]), None);
        assert_eq!(of(&[]), None);
    }
}
