/** What the files of the study's parser share. Not for other modules. */
#ifndef HOPT_TRIAL_STUDY_INTERNAL_H
#define HOPT_TRIAL_STUDY_INTERNAL_H

#include "common/trial/study.h"

/** One `--set` text, split. */
typedef struct hopt_study_set {
    const char *text; /**< as given, for messages */
    char *path;       /**< slash path as hopt_json_locate() reads it */
} hopt_study_set;

/** A parse in progress. */
typedef struct hopt_study_parser {
    const char *text; /**< the file, for positions */
    size_t length;
    json_t *root; /**< with the sets merged in */
    hopt_study_set *sets;
    size_t n_sets;
    hopt_study_spec *spec; /**< being filled */
    hopt_errors *errors;
} hopt_study_parser;

/**
 * Report an error at a slash path: with the position of its value (of its key when `key`), or, when
 * the value came from a --set, with that option's text instead. Once the list is full only the
 * total rises, so that a text of a million errors stays cheap.
 */
void hopt_study__error(hopt_study_parser *parser, const char *path, bool key, const char *format,
                       ...) HOPT_PRINTF(4, 5);
/** Whether one more error would still be kept; else loops over many things may end. */
bool hopt_study__has_room(const hopt_study_parser *parser);
/** The --set whose path is `path` or leads to it, or NULL. */
const hopt_study_set *hopt_study__set_of(const hopt_study_parser *parser, const char *path);
/** A --set that changed something at, above or below `path`, so that positions there are not sure;
 * or NULL. */
const hopt_study_set *hopt_study__set_below(const hopt_study_parser *parser, const char *path);

/** A word list's closest entry to `word`, or NULL when none is near. */
const char *hopt_nearest(const char *word, const char *const *words, size_t count);

/** Report every key of the object at `path` that is not among `keys`. */
void hopt_study__unknown_keys(hopt_study_parser *parser, const json_t *object, const char *path,
                              const char *const *keys, size_t count);
/** "an object", "a string", ...: what a value is, for messages. */
const char *hopt_study__kind(const json_t *value);

/* The parts, each reporting what is wrong with its own. */
void hopt_study__settings(hopt_study_parser *parser);
void hopt_study__objective(hopt_study_parser *parser);
void hopt_study__placeholders(hopt_study_parser *parser);
void hopt_study__points(hopt_study_parser *parser);

/** Merge the texts into parser->root and fill parser->sets; each bad text is an error. */
void hopt_study__merge(hopt_study_parser *parser, const char *const *sets, size_t n_sets);

#endif
