/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public interface of libllama4: load a Llama 4 checkpoint, show it pictures, read what it says. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define L4_API __attribute__ ((visibility ("default")))

/* Errors ------------------------------------------------------------------------------------------------------------- */

#define L4_ERROR (l4_error_quark ())

/* Every message is one line that names the file, the thing and the numbers. */
typedef enum
{
  L4_ERROR_NOT_FOUND,           /* a file that must be there is not */
  L4_ERROR_IO,                  /* the system refused to read or write */
  L4_ERROR_FORMAT,              /* a file contradicts itself or its format */
  L4_ERROR_UNSUPPORTED,         /* a well-formed file asks for what this version cannot do */
  L4_ERROR_MEMORY,              /* would not fit memory-limit or the free memory */
  L4_ERROR_INPUT,               /* a picture, prompt or option is unusable */
  L4_ERROR_CANCELLED,           /* the GCancellable was cancelled; an answer that was cancelled is no error */
  L4_ERROR_INTERNAL             /* a library below failed */
} L4Error;

L4_API GQuark l4_error_quark (void);

/* What the processor lacks of x86-64-v2, with commas; NULL: nothing. Everything else here needs that; this may be asked on every x86-64, even
 * before main(), and by code that was compiled for it. L4_CPU=x86-64 in the environment: as if it were the first that there was. */
L4_API const char *l4_processor_lacks (void);

/* Model -------------------------------------------------------------------------------------------------------------- */

/* Weights, tokenizer and settings. Immutable after loading, reference counted, usable from any thread. */
typedef struct _L4Model L4Model;

#define L4_MAX_THREADS 1024

/* Where the weights are while the model is used. */
typedef enum
{
  L4_LOAD_AUTO,                 /* in memory if they fit, else streamed if that fits */
  L4_LOAD_READ,                 /* in memory */
  L4_LOAD_MAP,                  /* in their file, which is mapped: the system keeps in memory what it likes. A file that is cut short meanwhile
                                   ends the process with SIGBUS */
  L4_LOAD_STREAM                /* routed experts in their file, or in the one that llama4 convert --stream made of them beside it, as many of them
                                   as memory-limit allows also in memory; the rest there. A file that changes meanwhile is an error of the
                                   answers that needed it */
} L4Load;

/* "auto", "read", "map" or "stream"; anything else, or NULL: L4_LOAD_AUTO. */
L4_API L4Load l4_load_from_string (const char *name);

typedef struct
{
  const char *model_path;       /* folder or file; NULL: the embedded model; a file "*.script": answers read from that file */
  const char *projector_path;   /* vision part of a model that keeps it in its own file; NULL: found beside the model */
  guint64 memory_limit;         /* bytes for weights and caches, and for all else too when experts are streamed; 0: what the machine has free */
  L4Load load;
  gboolean vision_int8;         /* keep the vision part's plain matrices as 8-bit integers with a scale for 32 of them (Q8_0): half the
                                   memory, faster without matrix units, less exact */
  guint threads;                /* up to L4_MAX_THREADS; 0: every CPU that the process may use */
  gboolean for_pictures;        /* a model that cannot look at pictures is an error, before its weights are read */
  gboolean text_only;           /* the vision part is left out, and takes no memory: the model cannot look at pictures */
} L4LoadOptions;

typedef struct
{
  const char *name;             /* last part of the path, or "embedded" */
  const char *path;
  const char *digest;           /* "sha256:…" over the settings, the tokenizer and every tensor's name, type, shape and place, and some bytes of it */
  const char *quantization;     /* the type of most weights: "BF16", "Q4_K", … ; "none" for a script */
  guint tile_size;              /* pixels; side of one square tile */
  guint max_tiles;              /* most tiles that the checkpoint allows a picture */
  guint tokens_per_tile;
  guint64 context_length;       /* tokens */
  guint64 n_parameters;
  guint64 memory;               /* bytes held by the weights */
  const char *licence;          /* what whoever uses these weights should know, as one line; NULL: nothing */
  const char *limits;           /* what this model can and cannot tell, as one clause; NULL: it is a real one */
  const char *note;             /* why a file that lies beside the model to make it faster is not used, as one line; NULL: nothing is to be said */
} L4ModelInfo;

/* percent runs from 0 to 100 and never falls. Called from the loading thread. */
typedef void (*L4ProgressFunc) (guint percent, gpointer user_data);

/* Loads a model, or takes a further reference to the one already in memory for the same files, threads and way of reading.
 * Blocks; options may be NULL. (transfer full) */
L4_API L4Model *l4_model_load (const L4LoadOptions *options, L4ProgressFunc progress, gpointer user_data,
    GCancellable *cancellable, GError **error);
L4_API L4Model *l4_model_ref (L4Model *self);
L4_API void l4_model_unref (L4Model *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Model, l4_model_unref)

L4_API const L4ModelInfo *l4_model_get_info (const L4Model *self);

/* The size in pixels at which the model looks at a picture of width x height with square pixels that may be split into
 * max_tiles tiles: scaling to it beforehand loses nothing. All sizes >= 1; max_tiles is clamped to what the model allows. */
L4_API void l4_model_picture_size (const L4Model *self, guint width, guint height, guint max_tiles, guint *out_width,
    guint *out_height);

/* Measures what the machine's memory and arithmetic can do at most, by which forecasts and limits are reckoned. Takes 256 MiB
 * while it lasts, once a week for a machine and number of threads: the result is kept in the user's cache folder. Any thread; returns at once while another
 * one measures. */
L4_API void l4_model_measure (L4Model *self);

/* Conversation ------------------------------------------------------------------------------------------------------- */

/* 8-bit R, G, B, three bytes a pixel, rows top to bottom. Borrowed during the call that takes it. */
typedef struct
{
  const guint8 *pixels;
  guint width;                  /* pixels, 1 … 65535 */
  guint height;
  gsize stride;                 /* bytes from one row to the next, >= 3 * width */
} L4Picture;

/* Either text (UTF-8; special tokens are never formed from it) or a picture. */
typedef struct
{
  const char *text;             /* NULL: picture */
  L4Picture picture;
} L4Part;

typedef enum
{
  L4_ROLE_SYSTEM,
  L4_ROLE_USER,
  L4_ROLE_ASSISTANT
} L4Role;

typedef struct
{
  L4Role role;
  const L4Part *parts;
  gsize n_parts;
} L4Message;

typedef struct
{
  guint max_tokens;             /* most tokens to generate; >= 1 */
  double temperature;           /* 0: greedy */
  double top_p;                 /* 0 … 1; 1: the whole distribution */
  guint64 seed;
  guint max_tiles;              /* most tiles a picture is split into; 0: what the checkpoint allows */
  double prune;                 /* 0 … 1: tokens of a picture are left out where it differs on average by no more than this share of full scale, in
                                 * each sixteenth of the token's place, from the latest picture of its size that shows the place; 0: all are shown */
  gboolean kv_int8;             /* keep keys and values as 8-bit integers: half the memory of bfloat16, less exact */
  const char *schema;           /* text of a JSON Schema: the answer is a value of it, as compact JSON; NULL: free text */
  const char *const *questions; /* that l4_session_ask() is to be asked afterwards about the same pictures: forecasts alone count them. NULL:
                                   none; else ends with NULL */
} L4GenerateOptions;

#define L4_GENERATE_OPTIONS_INIT { .max_tokens = 100, .temperature = 0, .top_p = 1, .seed = 0, .max_tiles = 1 }

typedef enum
{
  L4_FINISH_STOP,               /* the model ended its turn */
  L4_FINISH_LENGTH,             /* max_tokens or the context was used up */
  L4_FINISH_CANCELLED
} L4Finish;

/* Whether answers can follow the schema: what of JSON Schema is supported stands in core/schema/schema.h. Otherwise the error names the
 * keyword and its place. */
L4_API gboolean l4_schema_check (const char *schema, GError **error);

L4_API const char *l4_finish_to_string (L4Finish finish);       /* "stop", "length", "cancelled" */

/* A further piece of the answer: whole code points, valid UTF-8, NUL-terminated. Called from the generating thread. */
typedef void (*L4TextFunc) (const char *text, gpointer user_data);

typedef struct
{
  char *text;                   /* valid UTF-8; what came before a cancellation is kept */
  L4Finish finish;
  gboolean is_value;            /* text is a whole value of the schema: always when there was one, unless it was cancelled. With
                                   L4_FINISH_LENGTH it had to be a shorter one than the model would have said */
  char *prompt_digest;          /* "sha256:…" over the token ids of the prompt, pictures left out */
  guint prompt_tokens;
  guint generated_tokens;       /* the token that ended the turn included */
  guint reused_tokens;          /* of the prompt: the session held them already from its last answer */
  guint pruned_tokens;          /* of pictures, and not in the prompt: see L4GenerateOptions */
  guint prompt_together;        /* most conversations whose prompts shared a pass with it, itself included */
  guint reused_pictures;        /* that the session had encoded lately, or holds in its keys and values */
  guint guessed_tokens;         /* generated ones that were guessed right, several in one pass */
  guint steps;                  /* passes through the decoder after the prompt */
  guint64 steps_together;       /* the sum over these of the conversations that shared them, itself included */
  guint most_together;          /* in one of them */
  gint64 vision_us;             /* microseconds */
  gint64 prefill_us;
  gint64 decode_us;
  gint64 limit_us;              /* least time that the machine allows for what was computed; 0: it was never measured */
} L4Answer;

/* The value of an answer with a schema, as one line of JSON in which what a terminal would obey or hide is escaped; NULL: it is none.
 * (transfer full) */
L4_API char *l4_answer_get_value (const L4Answer *answer);

/* name: one line, "gate/state=open" for a string that the schema offers there as enum or const, "gate/locked" for a boolean;
 * places in arrays do not count. level: 1, or 0 for false. */
typedef void (*L4ChoiceFunc) (const char *name, double level, gpointer user_data);

/* What an answer with that schema chose among things that the schema itself names: however many answers there are, names are few. Of an answer
 * that is no value nothing. One name may come more than once, with several levels, where there are arrays: the largest tells whether it holds
 * of any. */
L4_API void l4_answer_get_choices (const L4Answer *answer, const char *schema, L4ChoiceFunc on_choice, gpointer user_data);

L4_API void l4_answer_clear (L4Answer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (L4Answer, l4_answer_clear)

/* The working memory (KV cache, scratch) of one conversation at a time. Used by one thread at a time. Sessions of a model that answer at
 * the same time on several threads share their steps, and passes of prompts, which changes no answer; one for whose cache there is no
 * memory waits until another has answered. */
typedef struct _L4Session L4Session;

L4_API L4Session *l4_session_new (L4Model *model);      /* (transfer full); holds a reference to model */
L4_API void l4_session_free (L4Session *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Session, l4_session_free)

/* Answers the conversation. Cancelling between tokens is no error: TRUE with L4_FINISH_CANCELLED. On FALSE answer is empty.
 * on_text and cancellable may be NULL. */
L4_API gboolean l4_session_answer (L4Session *self, const L4Message *messages, gsize n_messages,
    const L4GenerateOptions *options, L4TextFunc on_text, gpointer user_data, GCancellable *cancellable, L4Answer *answer,
    GError **error);

/* Asks whether: the conversation ends with a question that is answered by yes or no; *yes is the probability of yes against no, from the
 * model's first word. Nothing is generated: what of the conversation the session does not hold yet is all that is computed. Of the options the
 * sampling and the schema do not count. FALSE with L4_ERROR_CANCELLED: it was cancelled. */
L4_API gboolean l4_session_ask (L4Session *self, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    GCancellable *cancellable, double *yes, GError **error);

/* What a session holds of the beginning of a conversation. */
typedef struct
{
  guint tokens;                 /* of the messages */
  guint held_tokens;            /* the first of these, that the session holds */
  guint other_tokens;           /* that it holds after those, and that are not the messages' */
  gboolean goes_on;             /* the messages go on with the text that it holds, whose last tokens may become others by that */
} L4Held;

/* Computes the beginning of a conversation, so that answers to all conversations that begin with these messages need not: a long text in
 * front of questions. The session then holds just that. options: max_tiles, prune and kv_int8 count. FALSE with L4_ERROR_CANCELLED: it was
 * cancelled. */
L4_API gboolean l4_session_prepare (L4Session *self, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    GCancellable *cancellable, GError **error);

/* What there is of it already. Changes nothing. On FALSE held is empty. */
L4_API gboolean l4_session_compare (L4Session *self, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    L4Held *held, GError **error);

/* Writes what the session holds to a file, which appears whole or not at all, in place of one that is there. A session that holds nothing,
 * or lacks some of it since an answer failed, is L4_ERROR_INPUT. The file takes what the session's keys and values do, and tells to who can
 * read it what stands in the conversation: a new one is its owner's alone, one that is replaced can be read by whom it could. */
L4_API gboolean l4_session_save (L4Session *self, const char *path, GError **error);

/* Makes the session hold what was saved by the same version with the same weights and kv_int8, whatever the machine; what it held is
 * forgotten. Errors name the file: L4_ERROR_NOT_FOUND; L4_ERROR_FORMAT, it is no such file or damaged; L4_ERROR_UNSUPPORTED, it is of another
 * version; L4_ERROR_INPUT, it belongs to other weights or to the other kind of keys and values; L4_ERROR_MEMORY. */
L4_API gboolean l4_session_load (L4Session *self, const char *path, gboolean kv_int8, GError **error);

/* What an answer will cost. */
typedef struct
{
  guint pictures;               /* in the conversation */
  guint tiles;                  /* to encode: those of pictures that the session has not seen lately and does not hold */
  guint prompt_tokens;
  guint reused_tokens;          /* of the prompt: the session holds them already */
  guint generated_tokens;       /* as many as the session's answers usually have; at first the most that are allowed */
  double operations;            /* a multiplication and an addition are two */
  double bytes;                 /* of weights and cache, to be read */
  double seconds;               /* by the speed of the answers so far, or else what the machine allows at least; 0: unknown */
} L4Forecast;

/* What answering the conversation now would cost. Changes nothing. On FALSE forecast is empty. */
L4_API gboolean l4_session_forecast (L4Session *self, const L4Message *messages, gsize n_messages,
    const L4GenerateOptions *options, L4Forecast *forecast, GError **error);

/* Output ------------------------------------------------------------------------------------------------------------- */

/* One line of valid UTF-8 without control, bidirectional or other invisible formatting characters; runs of white space become
 * one blank, none at the ends; the arrow --> of subtitle files becomes ->. Whatever the text, a subtitle or record of the line is
 * one. (transfer full) */
L4_API char *l4_text_to_line (const char *text, gssize length);

/* A line as plain text for subtitles of which readers obey what looks like a tag but know no way to escape it (SubRip, Matroska's text):
 * <b>, {\an8} and \N stand there as ‹b›, (\an8) and /N. (transfer full) */
L4_API char *l4_text_to_subtitle (const char *line);

/* Text (valid UTF-8) without what a terminal would obey or hide: control characters but line end and tab, bidirectional and other
 * formatting characters. (transfer full) */
L4_API char *l4_text_to_terminal (const char *text);

/* A line as markup that Pango, WebVTT and their readers all understand: only & < > are escaped. (transfer full) */
L4_API char *l4_text_to_markup (const char *line);

/* How likely yes is. Borrowed string. */
typedef struct
{
  const char *question;
  double yes;                   /* 0 … 1 */
} L4Likelihood;

/* One thing in the video that was looked at by itself. Borrowed strings. */
typedef struct
{
  guint64 id;                   /* by which the video's tracker knows it, or else counted */
  const char *label;            /* what the video's detector takes it for; NULL: nothing */
  double confidence;            /* of that, 0 … 1 */
  double x, y, width, height;   /* where it was in the picture that was shown of it, in fractions of the upright one */
  guint64 time;                 /* nanoseconds of stream time: of that picture */
  guint64 since;                /* when it was first seen */
  const char *text;
} L4Object;

/* One description of a stretch of video. Borrowed strings. */
typedef struct
{
  guint64 start;                /* nanoseconds of stream time */
  guint64 end;
  const guint64 *frames;        /* [n_frames] stream times of the pictures shown */
  gsize n_frames;
  const L4ModelInfo *model;
  const L4Answer *answer;
  gint64 queue_us;              /* microseconds from the window's last picture to the start of work */
  const L4Likelihood *likelihoods;      /* [n_likelihoods] of questions about the pictures */
  gsize n_likelihoods;
  const char *kind;             /* NULL: of a window */
  const L4Object *objects;      /* [n_objects] */
  gsize n_objects;
} L4Record;

/* The record as one line of JSON without a line end:
 * {"start","end","frames","text","model":{"name","digest","quantization"},"prompt_digest","tokens":{"prompt","generated"},
 * "ms":{"queue","vision","prefill","decode"},"finish"}, with a schema "value", with questions
 * "answers": [{"question","yes"}], with objects "objects": [{"id","label","confidence","box":[x,y,width,height],"time","since","text"}],
 * of another kind "kind", too; every text has passed l4_text_to_line(). (transfer full) */
L4_API char *l4_record_to_json (const L4Record *record);

G_END_DECLS
