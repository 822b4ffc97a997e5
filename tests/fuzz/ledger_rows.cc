// Rows of the ledger: packed identities and evidence, and whole rows of outcomes as a damaged database
// might hand them out.
#include "base/check.h"
#include "base/encoding.h"
#include "db/database.h"
#include "fuzz/target.h"
#include "ledger/outcome_rows.h"
#include "ledger/packed.h"

namespace godwit::fuzz {
namespace {

constexpr int kColumns = 32;

// A row of whatever the input holds.
class Row final : public db::Statement {
  public:
    explicit Row(Input& input) {
        for (int i = 0; i < kColumns; ++i) {
            integers_.push_back(input.empty() ? i : input.signed_number());
            blobs_.emplace_back(input.block());
        }
    }
    void bind(int, const db::Value&) override {}
    Result<bool> step() override { return true; }
    void reset() override {}
    std::int64_t changes() const override { return 0; }
    bool is_null(int column) const override { return blobs_.at(static_cast<std::size_t>(column)).empty(); }
    std::int64_t integer(int column) const override { return integers_.at(static_cast<std::size_t>(column)); }
    std::string_view bytes(int column) const override { return blobs_.at(static_cast<std::size_t>(column)); }
    std::string_view text(int column) const override { return bytes(column); }
    int column_count() const override { return kColumns; }

  private:
    std::vector<std::int64_t> integers_;
    std::vector<std::string> blobs_;
};

void check_packed(std::string_view packed) {
    if (auto identity = ledger::unpack_identity(packed)) {
        std::string again = ledger::pack(*identity);
        GODWIT_CHECK(again == packed, "{} became {}", hex_encode(bytes_of(packed)),
                     hex_encode(bytes_of(again)));
    }
    auto evidence = ledger::unpack_evidence(packed, model::EvidenceLevel::ReadBack);
    if (!evidence) return;
    std::string again = ledger::pack(*evidence);
    GODWIT_CHECK(again == packed, "{} became {}", hex_encode(bytes_of(packed)), hex_encode(bytes_of(again)));
}

}  // namespace

void run(Input input) {
    check_packed(input.block());
    Row statement(input);
    Result<ledger::OutcomeRow> row = ledger::read_outcome(statement, "exec-1.db");
    if (!row) return;
    const ledger::ObjectRecord& record = row->record;
    constexpr int kDurationColumn = 11;
    __extension__ using Wide = __int128;
    GODWIT_CHECK(Wide{record.ended_unix_ns} - record.started_unix_ns == statement.integer(kDurationColumn));
    GODWIT_CHECK(record.outcome >= model::Outcome::Verified && record.outcome <= model::Outcome::Failed);
    GODWIT_CHECK(record.evidence.level <= model::EvidenceLevel::ReadBack);
}

}  // namespace godwit::fuzz
