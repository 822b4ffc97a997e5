// Written: awaits a job of a database's one writer.
//
//     auto work = [&](db::Connection&) -> Result<int> { ... };   // on the writer's thread
//     co_return co_await written(loop, writer, lane, rows, work);
//
// Resumes on `loop` with what `work` gave, once its transaction is committed, or with why it was not.
// `work` may be run twice (see GroupCommit); it and what it refers to live in the waiting coroutine,
// which always resumes after the job has ended.
#pragma once

#include <coroutine>
#include <optional>
#include <type_traits>

#include "db/group_commit.h"
#include "runtime/loop.h"

namespace godwit::ledger {

// Nothing is done after the commit.
struct NothingAfter {
    template <class T>
    void operator()(const T&) const {}
};

// `After` is called on the writer's thread, after a commit and before the coroutine resumes.
template <class Work, class After>
class Written {
  public:
    using Outcome = std::invoke_result_t<Work&, db::Connection&>;  // a Result<T>

    Written(runtime::Loop& loop, db::GroupCommit& writer, db::Lane lane, std::size_t rows, Work& work,
            After& after)
        : loop_(loop), writer_(writer), lane_(lane), rows_(rows), work_(work), after_(after) {}
    bool await_ready() const noexcept { return false; }

    void await_suspend(std::coroutine_handle<> handle) {
        resume_.handle = handle;
        auto run = [this](db::Connection& connection) -> Result<void> {
            outcome_.emplace(work_(connection));
            if (!*outcome_) return outcome_->error().clone();
            return {};
        };
        auto done = [this](Result<void> committed) {
            if (!committed)
                outcome_.emplace(std::move(committed.error()));
            else
                after_(*outcome_);
            loop_.resume_from_thread(resume_);
        };
        writer_.submit(lane_, rows_, std::move(run), std::move(done));
    }
    Outcome await_resume() { return std::move(*outcome_); }

  private:
    runtime::Loop& loop_;
    db::GroupCommit& writer_;
    db::Lane lane_;
    std::size_t rows_;
    Work& work_;
    After& after_;
    std::optional<Outcome> outcome_;
    runtime::RemoteResume resume_;
};

}  // namespace godwit::ledger
