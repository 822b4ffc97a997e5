// Rules make the server hostile: match(operation, key, nth) -> effects. A rule is data, so a suite
// of a hundred and fifty of them is a table:
//
//     {.name = "E44", .match = {.operation = Operation::CompleteMultipartUpload, .nth = 1},
//      .effects = {.after_act = true, .status = 200, .code = "InternalError"}}
//
// The first rule that is due decides alone about a request; its effects may be several. The server
// stays true to itself in all that no rule touches, and the audit log tells what really happened.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "s3double/body.h"
#include "s3double/operation.h"

namespace godwit::s3double {

// Every field has an initializer, so that a table may name the few that it means.
struct Match {
    // Unknown: any operation.
    Operation operation = Operation::Unknown;
    std::string bucket = "*";
    // A glob ('*' any run, '?' any byte). Of listings the prefix is the key.
    std::string key = "*";
    // Of parts: 0 is any.
    int part = 0;
    // Parameter that must be in the query ("continuation-token": not the first page).
    std::string parameter = {};

    // Which of the requests that fit: only the nth (from 1); 0 is all.
    std::uint64_t nth = 0;
    // Only each `every`th; 0 is all.
    std::uint64_t every = 0;
    // Only this many times; 0 is no limit.
    std::uint64_t times = 0;
    // Only with this probability, from a generator seeded by `seed`. 1 is always.
    double probability = 1;
    std::uint64_t seed = 1;
    // Count for each key apart.
    bool per_key = false;
};

// How a page of a listing lies.
struct ListLie {
    bool repeat = false;     // the page's first entry stands twice
    bool omit = false;       // the page's first entry is missing
    bool reverse = false;    // the page stands backwards
    bool replay = false;     // a page after the first shows the first page again
    bool empty = false;      // no entries; IsTruncated as it was
    bool cut_short = false;  // IsTruncated=false although there is more
    // IsTruncated=true for ever, with this as the next token ("" blank, "=" the one that came).
    std::optional<std::string> endless_token = {};
    bool endless_without_token = false;
    std::string foreign_key = {};                          // an entry out of the prefix stands first
    std::string size = {}, last_modified = {}, etag = {};  // every entry says this
};

struct Effects {
    // An answer of our own. Before the act by default: the request then changes nothing.
    int status = 0;         // 0: the honest one
    std::string code = {};  // an <Error> body with this code
    std::string message = {};
    std::optional<std::string> body = {};  // or this, as it is
    std::string content_type = {};
    bool after_act = false;  // the operation is carried out and audited first

    std::vector<std::pair<std::string, std::string>> headers = {};  // set in the answer, replacing
    std::vector<std::string> drop_headers = {};
    // Every occurrence of the first in a text body becomes the second.
    std::vector<std::pair<std::string, std::string>> replace = {};

    // Time.
    std::uint32_t delay_ms = 0;  // before the first byte of the answer
    std::uint32_t drip_ms = 0;   // between single bytes of it

    // The connection. Offsets of the request count body bytes, those of the reply all bytes.
    std::optional<std::uint64_t> cut_request_at = {}, stall_request_at = {};
    std::optional<std::uint64_t> cut_reply_at = {}, stall_reply_at = {};
    bool reset = false;                           // cuts are RST (TLS: without close_notify), not FIN
    bool close = false;                           // Connection: close, honestly said
    std::string raw_before = {}, raw_after = {};  // bytes around the answer
    bool chunked = false, chunked_without_end = false;

    // Lies about bytes. What is said of them stays right.
    Lie stored = {}, served = {};
    std::optional<std::uint64_t> flip_request_at = {};  // a bit of the body flips before it is looked at
    bool wrong_checksum = false;  // in the answer's x-amz-checksum-* and Checksum elements

    // What the server does not know.
    bool ignore_conditions = false;  // If-Match, If-None-Match and their copy-source kin
    bool ignore_checksums = false;   // neither checks nor stores
    bool ignore_range = false;       // 200 and the whole body
    bool keep_upload = false;  // a Complete leaves its upload, as a server that ended in the middle of one
    bool stale = false;        // reads see the version before, listings lack what is new

    ListLie list = {};

    // What another client does right before: to the request's key.
    std::optional<std::string> first_put = {};
    bool first_delete = false;
};

struct Rule {
    std::string name = {};
    Match match = {};
    Effects effects = {};
};

bool glob_matches(std::string_view glob, std::string_view text);

// What a rule is asked about.
struct Subject {
    Operation operation;
    std::string_view bucket, key;
    int part;
    const Request& request;
};

class Rules {
  public:
    void replace_all(std::vector<Rule> rules);
    void add(Rule rule);
    void clear() { live_.clear(); }
    bool empty() const { return live_.empty(); }

    // The rule that is due, counted as fired; null for none. Stays valid until the rules change, and
    // shared so that a request outlives such a change.
    std::shared_ptr<const Rule> due(const Subject& subject);
    // How often each rule fired, in order.
    std::vector<std::pair<std::string, std::uint64_t>> fired() const;

  private:
    struct Live {
        std::shared_ptr<const Rule> rule;
        std::uint64_t seen = 0, fired = 0, random;
        std::map<std::string, std::uint64_t, std::less<>> seen_by_key;
    };
    static bool fits(const Match& match, const Subject& subject);
    static bool is_due(Live& live, const Subject& subject);
    std::vector<Live> live_;
};

// Rules as JSON: an array of objects whose members are named as the fields above, those of `match`
// and `effects` side by side ({"operation": "PutObject", "nth": 1, "status": 503, "code": "SlowDown"}).
// An unknown member or a wrong type is Invalid, with the member's name.
Result<std::vector<Rule>> rules_from_json(std::string_view text);

}  // namespace godwit::s3double
