/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The element llama4describe: watches video and says what happens in it. */

#pragma once

#include <gst/base/gstflowcombiner.h>
#include <gst/gst.h>

#include "classes.h"
#include "frame.h"
#include "memory.h"
#include "moments/cuts.h"
#include "moments/motion.h"
#include "moments/scene.h"
#include "objects/follow.h"
#include "output.h"
#include "window.h"

G_BEGIN_DECLS

#define GST_LLAMA4_META "Llama4Description"
#define GST_LLAMA4_MESSAGE "llama4-description"
#define GST_LLAMA4_PARTIAL_MESSAGE "llama4-partial"
#define GST_LLAMA4_ANSWER_MESSAGE "llama4-answer"
#define GST_LLAMA4_SUMMARY_MESSAGE "llama4-summary"
#define GST_LLAMA4_UNCHANGED_MESSAGE "llama4-unchanged"
#define GST_LLAMA4_LICENCE_MESSAGE "llama4-licence"

typedef enum
{
  GST_LLAMA4_ON_BUSY_AUTO,
  GST_LLAMA4_ON_BUSY_WAIT,
  GST_LLAMA4_ON_BUSY_SKIP
} GstLlama4OnBusy;

/* Which windows are described. */
typedef enum
{
  GST_LLAMA4_WHEN_ALWAYS,
  GST_LLAMA4_WHEN_CHANGE,
  GST_LLAMA4_WHEN_MOTION
} GstLlama4When;

/* Which of a window's frames are shown. */
typedef enum
{
  GST_LLAMA4_PICK_EVEN,
  GST_LLAMA4_PICK_CHANGE,
  GST_LLAMA4_PICK_SHARP
} GstLlama4Pick;

/* What is said of a window that shows the scene described last. */
typedef enum
{
  GST_LLAMA4_REPEAT_EXTEND,
  GST_LLAMA4_REPEAT_GAP
} GstLlama4Repeat;

typedef enum
{
  GST_LLAMA4_LOAD_AUTO,
  GST_LLAMA4_LOAD_READ,
  GST_LLAMA4_LOAD_MAP,
  GST_LLAMA4_LOAD_STREAM
} GstLlama4Load;

typedef enum
{
  GST_LLAMA4_BF16,
  GST_LLAMA4_INT8
} GstLlama4Numbers;

/* What to do with a window while another waits to be described. */
typedef enum
{
  GST_LLAMA4_WAIT,              /* wait until that one is taken up */
  GST_LLAMA4_REPLACE,           /* leave out that one */
  GST_LLAMA4_ADD                /* let both wait */
} GstLlama4Patience;

/* What the user has set; guarded by the object lock. */
typedef struct
{
  char *model_path, *projector_path;
  GstLlama4Load load;
  char *prompt, *system_prompt, *language;
  char *schema;                 /* as it was set: a text, or a file's name */
  char *questions;              /* as questions.h reads them */
  char *schema_text;            /* what answers follow, checked; NULL: free text */
  guint64 window, overlap;      /* nanoseconds */
  guint64 from;                 /* nanoseconds of stream time; GST_CLOCK_TIME_NONE: the first picture's */
  guint frames, tiles;
  double prune;
  GstLlama4When when;
  GstLlama4Repeat repeat;
  GstLlama4Pick pick;
  char *region, *mask;          /* as regions.h reads them */
  gboolean cuts;                /* windows begin anew there */
  gboolean pictures;            /* in messages */
  gboolean partial;             /* messages of text that grows */
  guint objects;                /* at most, described with a window */
  guint64 object_time;          /* nanoseconds for which they must have been seen */
  char *object_prompt;
  guint memory;                 /* windows that the model is told of */
  guint64 summary;              /* nanoseconds; 0: none */
  guint max_tokens;
  double temperature, top_p;
  guint64 seed;
  GstLlama4Numbers kv_type, vision_type;
  GstLlama4OnBusy on_busy;
  guint ahead;                  /* windows that may be described at once */
  guint64 lateness, latency;    /* nanoseconds */
  guint threads;
  guint64 memory_limit;         /* bytes */
} GstLlama4Settings;

/* Counters since READY; guarded by the object lock. */
typedef struct
{
  guint64 described, unchanged, skipped, failed;
  guint64 objects, objects_missed;      /* described; seen long enough, and gone before they were */
  guint64 prompt_tokens, reused_tokens, pruned_tokens, generated_tokens;
  guint64 steps, steps_together;        /* of generation, and the conversations that shared them, added up */
  guint most_together;          /* in one step */
  gint64 queue_us, vision_us, prefill_us, decode_us;
  gint64 limit_us, limited_us;  /* least time that the machine allows, and the time taken, where it is known */
  double forecast;              /* seconds that the latest window was to take; 0: unknown */
} GstLlama4Stats;

typedef enum
{
  GST_LLAMA4_MODEL_LOADING,
  GST_LLAMA4_MODEL_READY,
  GST_LLAMA4_MODEL_FAILED
} GstLlama4ModelState;

#define GST_TYPE_LLAMA4_DESCRIBE (gst_llama4_describe_get_type ())
G_DECLARE_FINAL_TYPE (GstLlama4Describe, gst_llama4_describe, GST, LLAMA4_DESCRIBE, GstElement)

/* Threads meet here: the streaming thread of the sink pad, the worker that loads the model and describes windows with its helpers, and
 * the output's threads that push text (output.h). */
struct _GstLlama4Describe
{
  GstElement parent;

  GstPad *sinkpad, *srcpad;
  GstLlama4Output *output;      /* the text and json pads */

  GstLlama4Settings settings;   /* object lock */
  GstLlama4Stats stats;         /* object lock */
  char *description;            /* object lock; the latest text */
  GstStructure *latest;         /* object lock; the latest description as in the meta, or NULL */
  guint film;                   /* object lock; streams that have begun */
  GstLlama4Classes classes;     /* object lock; of it */
  GstLlama4Memory memory;       /* object lock */
  GstLlama4Memory unsummed;     /* object lock; what was said since the latest summary, */
  GstClockTime unsummed_since;  /* and from when on */
  GstClockTime said_from;       /* object lock; start of the window described last; 0 at first */
  guint said_in;                /* object lock; the film of it */
  GstClockTime lost;            /* object lock; start of the latest window that was not described after all */
  char *licence_notice;         /* object lock; of the model in memory, or NULL */

  /* Streaming thread */
  GstSegment segment;
  GstVideoInfo info;
  gboolean has_info;
  GstVideoOrientationMethod orientation;
  GstLlama4Sampler *sampler;
  GstLlama4Copier *copier, *developer, *cropper;        /* of frames, of drafts, of objects: each keeps its tables */
  gboolean looks_for_cuts;
  GstLlama4When when;
  GstLlama4Pick pick;
  guint n_shown;                /* frames of a window */
  GstLlama4Regions regions;     /* of them */
  GstLlama4Glancer *glancer;
  GstLlama4Cuts *cuts;
  GstLlama4Motion *motion;
  GstLlama4Tracks *tracks;
  GstLlama4Follower *follower;
  gboolean has_tracker;         /* upstream, as far as was seen */
  guint n_objects;              /* of a window; 0: they are not looked for */
  GstClockTime object_time, object_from;
  GstClockTime moved;           /* when something last did */
  GstLlama4Scene *scene;        /* of the window that was handed over last, */
  GstClockTime scene_start;     /* object lock; which began there; NONE: none */
  guint n_untold;               /* windows that showed it, of which no message has told, */
  GstClockTime untold_since;    /* since then */
  gint64 told;                  /* monotonic time of the latest message; 0: none */
  gboolean fresh;               /* no frame since the segment began */
  gboolean live;                /* upstream, decided */
  gboolean skips;               /* on-busy, decided; written with the object lock */
  gboolean warned_no_time;
  gboolean warned_frame;
  GstClockTime last_time;       /* stream time of the latest frame */
  GstClockTime reached;         /* latest stream time of a frame, or at which a gap ended */
  GstClockTime last_end;        /* stream time at which the frame there, or the gap, ends as far as is known */
  GstClockTime interval;        /* the latest known from a frame to the next; 0: none */
  GstClockTime asked;           /* start of the window at which the stream's end was asked for */
  GstClockTime settled;         /* stream time up to which the output knows that all has been said */
  GstClockTime passed;          /* in skip mode: of the frame whose passing it heard of */
  gboolean new_stream;          /* since the latest segment */
  guint segment_number;
  guint32 segment_seqnum;

  /* Workers and those who wait for them */
  GMutex lock;
  GCond changed;
  GThread *worker;              /* the first, which starts and joins the others */
  guint n_workers;              /* at most */
  GQueue jobs;                  /* of GstLlama4Job (job.h) that were not delivered yet, in order */
  GQueue asked_for;             /* of Job: questions and summaries, which go before all else */
  guint n_asked;                /* of them, with those that are answered now */
  GstLlama4Window *latest_window;       /* which they are about, or NULL */
  guint n_waiting;              /* windows in jobs that nobody is at work on */
  guint n_at_work;              /* windows that somebody is, those of before a flush included */
  gboolean flushing;
  gboolean stopping;
  guint generation;             /* counts flushes; what belongs to an earlier one is dropped */
  GCancellable *cancellable;    /* of the current generation */
  GstLlama4ModelState model_state;
  L4Model *model;
  char *model_key;              /* settings that model was loaded with */
};

GST_ELEMENT_REGISTER_DECLARE (llama4describe);

/* settings.c */
void gst_llama4_describe_install_properties (GObjectClass * klass);
void gst_llama4_settings_init (GstLlama4Settings * self);
void gst_llama4_settings_clear (GstLlama4Settings * self);
/* A copy; (transfer full). */
void gst_llama4_describe_copy_settings (GstLlama4Describe * self, GstLlama4Settings * copy);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GstLlama4Settings, gst_llama4_settings_clear)

/* stream.c: the video pads */
GstFlowReturn gst_llama4_describe_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer);
gboolean gst_llama4_describe_sink_event (GstPad * pad, GstObject * parent, GstEvent * event);
gboolean gst_llama4_describe_sink_query (GstPad * pad, GstObject * parent, GstQuery * query);
gboolean gst_llama4_describe_src_event (GstPad * pad, GstObject * parent, GstEvent * event);
void gst_llama4_describe_reset_stream (GstLlama4Describe * self);
/* Stream time of the end of the segment, or NONE. */
GstClockTime gst_llama4_describe_segment_end (const GstLlama4Describe * self);
/* Running time from when a frame passes here to when its text must be at its place. For the streaming thread. */
GstClockTime gst_llama4_describe_get_delay (GstLlama4Describe * self);

/* sampling.c: for the streaming thread */
/* Takes the settings over, and forgets everything else. */
void gst_llama4_sampling_set (GstLlama4Describe * self, const GstLlama4Settings * settings);    /* after regions were read */
void gst_llama4_sampling_reset (GstLlama4Describe * self);
/* Before advancing there: windows may turn out to end earlier. */
void gst_llama4_sampling_watch (GstLlama4Describe * self, GstBuffer * buffer, GstClockTime time);
/* The same where there is no frame until then. */
void gst_llama4_sampling_pass (GstLlama4Describe * self, GstClockTime time);
/* Hands over the windows that are complete by that stream time. */
void gst_llama4_sampling_advance (GstLlama4Describe * self, GstClockTime time);
/* Hands over all, as the stream ends or breaks off at `end`. */
void gst_llama4_sampling_drain (GstLlama4Describe * self, GstClockTime end, GstLlama4Patience patience);
/* After advancing there: copies the frame if it is wanted. */
void gst_llama4_sampling_take (GstLlama4Describe * self, GstBuffer * buffer, GstClockTime time);

/* repeat.c: for the streaming thread */
/* Forgets the scene: the next window is described. */
void gst_llama4_repeat_reset (GstLlama4Describe * self);
/* TRUE: the window, of which all frames are pictures, shows the scene of the one handed over last, and what there is to say of it has been
 * said. FALSE: it shows another, or that one was not described, and its scene is now the one to compare with. */
gboolean gst_llama4_repeat_window (GstLlama4Describe * self, const GstLlama4Window * window);

/* job.c */
/* Counts what an answer took. */
void gst_llama4_stats_add (GstLlama4Stats * self, const L4Answer * answer);

/* latest.c */
/* The fields of a message or meta of that name. (transfer full) */
GstStructure *gst_llama4_latest_structure (const char *name, const L4Record * record, const char *text, const char *json);
/* A picture of the middle of the window, of those that were shown. (transfer full) */
GstSample *gst_llama4_latest_picture (const GstLlama4Window * window);
/* Puts the latest description on the buffer. (transfer full) */
GstBuffer *gst_llama4_latest_attach (GstLlama4Describe * self, GstBuffer * buffer);

/* schema.c: any thread */
/* Lets answers follow the schema that is set from now on. FALSE, with an error message posted: it is bad, and the one before stays. */
gboolean gst_llama4_schema_take (GstLlama4Describe * self);

/* load.c: for the worker */
void gst_llama4_load_announce (GstLlama4Describe * self);       /* opens the progress that run closes */
gboolean gst_llama4_load_run (GstLlama4Describe * self);        /* puts the model there, or posts why not */
/* Lets go of the model, which outlives the worker otherwise. */
void gst_llama4_load_forget (GstLlama4Describe * self);

/* ask.c: any thread */
#define GST_LLAMA4_MOST_ASKED 64
/* Asks about the latest window; a message tells the answer, or why there is none, to whom. FALSE: there is no window, or too much is asked. */
gboolean gst_llama4_ask (GstLlama4Describe * self, const char *prompt, const char *whom);

/* worker.c */
void gst_llama4_worker_start (GstLlama4Describe * self);
/* Cancels what runs and makes waiting callers return; then, once pads no longer push, joins. */
void gst_llama4_worker_interrupt (GstLlama4Describe * self);
void gst_llama4_worker_join (GstLlama4Describe * self);
/* TRUE when the model is there; waits for it unless `skips`. FALSE: still loading, failed, or flushing. */
gboolean gst_llama4_worker_wait_for_model (GstLlama4Describe * self, gboolean skips);
gboolean gst_llama4_worker_has_failed (GstLlama4Describe * self);      /* there will be no model */
/* Hands over a window. (transfer full) */
void gst_llama4_worker_push_window (GstLlama4Describe * self, GstLlama4Window * window, GstLlama4Patience patience);
/* Hands over what the output is to do after the windows before it, or now, past them. (transfer full) */
void gst_llama4_worker_push_output (GstLlama4Describe * self, GstLlama4Item * item, gboolean now);
/* Blocks until all jobs are done, or flushing. */
void gst_llama4_worker_drain (GstLlama4Describe * self);
void gst_llama4_worker_flush_start (GstLlama4Describe * self);
void gst_llama4_worker_flush_stop (GstLlama4Describe * self);

G_END_DECLS
