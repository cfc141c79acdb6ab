use crate::approval::policy_file::read;

/// Somebody, since the accounts are not all of a policy.
const PEOPLE: &str = "[people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n";

#[track_caller]
fn wrong(text: &str) -> String {
    read(text).expect_err("the policy has something wrong with it").to_string()
}

#[test]
fn an_account_has_the_role_that_comes_along_unless_it_says_otherwise() {
    let listed = "
        [accounts.111122223333]
        name = \"payments\"
        regions = [\"eu-west-1\", \"us-east-1\"]
        [accounts.444455556666]
        name = \"Data lake\"
        regions = [\"eu-west-1\"]
        role = \"approvals\"
        external_id = \"3f1c\"
    ";
    let accounts = read(&format!("{PEOPLE}{listed}")).unwrap().accounts.0;
    let [payments, lake] = ["111122223333", "444455556666"].map(|id| &accounts[id]);
    assert_eq!((payments.role.as_str(), &payments.external_id), ("countersign-spoke", &None));
    assert_eq!(payments.regions.iter().collect::<Vec<_>>(), ["eu-west-1", "us-east-1"]);
    assert_eq!((lake.role.as_str(), lake.external_id.as_deref()), ("approvals", Some("3f1c")));
    assert!(read(PEOPLE).unwrap().accounts.0.is_empty());
}

#[test]
fn what_no_account_can_be_is_told_with_its_place() {
    let listed = "[accounts.1234]
name = \"payments\"
regions = [\"eu-west-1\", \"eu-west-1\", \"EU\"]
role = \"path/role\"
external_id = \"a b\"
[accounts.111122223333]
name = \"Payments\"
regions = []
[accounts.444455556666]
name = \" \"
regions = [\"eu-west-1\"]
trust = true
";
    let found = wrong(&format!("{PEOPLE}{listed}"));
    assert_eq!(
        found.lines().collect::<Vec<_>>(),
        [
            "line 4: account `1234`: an account has 12 digits",
            "line 6: account `1234`: regions: `EU` is no region, such as eu-west-1",
            "line 6: account `1234`: regions: `eu-west-1` is there twice",
            "line 7: account `1234`: role: `path/role` is no name of a role, which has no path",
            "line 8: account `1234`: external_id has 2 to 1224 letters, digits and +=,.@:/-_",
            "line 11: account `111122223333`: regions: an empty list lets nobody in: leave the key out",
            "line 13: account `444455556666`: name has 1 to 80 characters, none of them hidden",
            "line 15: unknown key `trust`; known here: name, regions, role, external_id",
        ],
    );
    let alike = listed.replace("regions = []", "regions = [\"eu-west-1\"]");
    assert!(wrong(&format!("{PEOPLE}{alike}")).contains("name: `Payments` is what account `1234` is called"));
}
