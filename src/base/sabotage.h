// Bugs that are planted on purpose, each where somebody would really make the mistake, so that a test can be
// shown to catch it (tests/sabotage/README.md):
//
//     int failed = GODWIT_SABOTAGE(skip_file_sync) ? 0 : os.fsync(fd);
//
// In every build but that of the preset `sabotage` the condition is the constant false. There it is true in a
// process whose variable GODWIT_SABOTAGE names the bug. A name that is not in the table does not compile, in
// any build.
#pragma once

// name, what goes wrong
#define GODWIT_SABOTAGE_BUGS(BUG)                                                                        \
    /* posix */                                                                                          \
    BUG(skip_file_sync, "a file is named before its bytes are durable")                                  \
    BUG(retry_failed_sync, "a sync that failed is tried again and believed")                             \
    BUG(ignore_close_error, "an error that is told at close is not heard")                               \
    BUG(name_before_sync, "the name appears before the sync")                                            \
    BUG(name_before_read_back, "the name appears before the bytes were read back")                       \
    BUG(skip_read_back_compare, "a file is read back and not compared")                                  \
    BUG(skip_read_back_compare_of_parts, "a file of parts is read back and not compared")                \
    BUG(overwrite_folded_twin, "a file whose name differs in case alone is replaced")                    \
    BUG(overwrite_what_appeared, "a file that appeared meanwhile is replaced")                           \
    BUG(skip_directory_sync, "a new name is not made durable")                                           \
    BUG(forgive_directory_sync, "a directory whose sync failed is believed the next time")               \
    BUG(skip_sync_of_new_directories, "the names of new directories are not made durable")               \
    BUG(steal_staged_file, "what a living process is writing is taken for a leftover")                   \
    BUG(own_names_of_like_form, "a user's file that is named like a staged one is taken for ours")       \
    BUG(follow_symlinks, "a symbolic link on the way is followed")                                       \
    BUG(leave_the_root, "a path may lead out of the root")                                               \
    BUG(accept_dot_dot, "a key with `..` becomes a path")                                                \
    BUG(skip_source_check, "a source file is not looked at again after it was read")                     \
    BUG(ignore_ctime, "a rewrite that puts the mtime back is not seen")                                  \
    BUG(leave_old_xattrs, "extended attributes that the source has not are left")                        \
    BUG(believe_set_xattrs, "extended attributes are set and not looked at again")                       \
    BUG(believe_the_clone, "a file that shares its source's blocks counts as read back")                 \
    BUG(believe_any_map, "what a map calls a hole is not written, whatever its bytes are")               \
    /* model, engine */                                                                                  \
    BUG(equal_mtime_is_equal, "an object of equal size and mtime is unchanged, whatever its ctime")      \
    BUG(skip_source_check_before_commit, "an object of parts is committed without a look at its source") \
    BUG(verified_without_proof, "what no evidence proves is recorded as verified")                       \
    BUG(skip_proof_compare, "the destination is read again and not compared")                            \
    BUG(forget_unproven, "what was written and not proved counts as equal in the next run")              \
    BUG(last_part_short, "the last part lacks a byte")                                                   \
    BUG(combine_as_they_come, "digests of parts are combined in the order of their arrival")             \
    BUG(forget_upload_intent, "an upload begins before the ledger knows of it")                          \
    BUG(resume_other_generation, "an upload of an older source is carried on with a newer one")          \
    BUG(delete_from_incomplete_listing, "a mirror deletes although a part could not be listed")          \
    BUG(delete_without_looking_at_root, "a mirror deletes under a root that another place has taken")    \
    BUG(delete_without_looking_at_source, "a mirror deletes without asking the source once more")        \
    BUG(delete_without_backup, "a mirror deletes what was to be copied aside first, without the copy")   \
    BUG(delete_any_generation, "a mirror deletes what somebody has written since the listing")           \
    BUG(believe_any_tag, "tags that read as an MD5 are believed, although one was seen to be none")      \
    /* s3 */                                                                                             \
    BUG(accept_unsorted_keys, "keys of a listing that are doubled or out of order are taken")            \
    BUG(accept_repeated_token, "a listing that does not go forward is followed")                         \
    BUG(no_token_is_the_end, "a cut listing without a token counts as complete")                         \
    BUG(believe_200, "status 200 counts, whatever its body says")                                        \
    BUG(decode_twice, "a listed key is percent-decoded twice")                                           \
    BUG(trust_any_etag, "an ETag counts as the MD5, whatever it is")                                     \
    BUG(attest_unprobed, "a checksum that the server was not seen to check counts as evidence")          \
    BUG(drop_conditions, "writes carry neither If-Match nor If-None-Match")                              \
    BUG(skip_s3_read_back_compare, "an object is read back and not compared")                            \
    BUG(ignore_echoed_checksum, "the checksum in the answer to a write is not compared")                 \
    BUG(ignore_told_checksum, "the checksum in the answer to Complete is not compared")                  \
    BUG(skip_whole_check, "the digest of all parts is not compared with the source's")                   \
    BUG(drop_pinned_if_match, "reads are not pinned to a generation")                                    \
    BUG(read_any_generation, "the generation that an answer tells is not compared")                      \
    BUG(ignore_stored_checksum, "the checksum that the store keeps is not compared with what it sent")   \
    BUG(trust_stored_parts, "a resumed upload takes the parts that are there without comparing them")    \
    BUG(trust_any_copy, "the ETag that a copy inside the server tells is not compared")                  \
    BUG(trust_copied_checksum, "the checksum of a copy is not compared with its source's")               \
    BUG(copy_onto_the_source, "a bucket behind another name is not told from another bucket")            \
    BUG(abort_by_prefix, "uploads of keys that only begin alike are aborted")                            \
    BUG(abort_what_is_older, "uploads that others began before ours are aborted")                        \
    BUG(assume_put_happened, "a write whose answer was lost counts as done")                             \
    BUG(believe_any_region, "requests are signed for whatever region an answer names")                   \
    BUG(repeat_secret_answer, "what an endpoint of credentials says is repeated in an error")            \
    /* net, runtime, base */                                                                             \
    BUG(accept_any_certificate, "no certificate is verified")                                            \
    BUG(accept_any_host_name, "a certificate for another name is taken")                                 \
    BUG(cut_body_is_whole, "a body that ends before its length is complete")                             \
    BUG(no_terminator_needed, "a chunked body without its last chunk is complete")                       \
    BUG(no_close_notify_needed, "a TLS connection that is cut counts as closed")                         \
    BUG(retry_without_bound, "an error is tried again for ever")                                         \
    BUG(ignore_retry_after, "a server's Retry-After is not obeyed")                                      \
    BUG(print_control_characters, "names can drive a terminal and forge lines of the log")               \
    /* db, ledger */                                                                                     \
    BUG(skip_epoch_check, "a worker that lost its lease still records")                                  \
    BUG(end_an_item_twice, "an object gets a second end")                                                \
    BUG(keep_counts_of_lost_rows, "what was rolled back stays counted")                                  \
    BUG(lazy_ledger, "a commit of the ledger does not wait for the disk")                                \
    BUG(acknowledge_before_commit, "a row is reported as recorded before its commit")

namespace godwit::sabotage {

#define GODWIT_SABOTAGE_NAME(name, effect) name,
enum class Bug { GODWIT_SABOTAGE_BUGS(GODWIT_SABOTAGE_NAME) };
#undef GODWIT_SABOTAGE_NAME

#ifdef GODWIT_SABOTAGE_BUILD
bool is_planted(Bug bug);
#else
consteval bool is_planted(Bug) {
    return false;
}
#endif

}  // namespace godwit::sabotage

#define GODWIT_SABOTAGE(bug) (::godwit::sabotage::is_planted(::godwit::sabotage::Bug::bug))
