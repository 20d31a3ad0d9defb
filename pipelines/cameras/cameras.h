/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What llama4 watch is told by its file: cameras, rules, what becomes of alerts. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A property of llama4describe: as GStreamer reads it from a text. */
typedef struct
{
  char *name, *value;
  guint line;                   /* of the file; 0: none */
} L4CameraProperty;

typedef struct
{
  char *name;                   /* unlike all others; may stand in the name of a file */
  char *uri;
  guint line;
  GPtrArray *properties;        /* of L4CameraProperty; those of all cameras first */
  char **questions;             /* NULL-terminated; NULL: none */
  char *ca_file;                /* of certificates that are right for its address; NULL: those that the system trusts */
  char *detector;               /* elements that find objects, as gst-launch-1.0 reads them; NULL: none */
  guint64 stall;                /* nanoseconds without a picture, after which it is lost */
} L4Camera;

typedef enum
{
  L4_COMPARE_GREATER,
  L4_COMPARE_AT_LEAST,
  L4_COMPARE_LESS,
  L4_COMPARE_AT_MOST,
  L4_COMPARE_EQUAL,
  L4_COMPARE_UNEQUAL,
  L4_COMPARE_CONTAINS
} L4Compare;

/* Minutes since midnight, of local time. until at most from: it ends on the next day. */
typedef struct
{
  guint from, until;
} L4Hours;

/* Whom alerts go to beside standard output and commands. */
typedef enum
{
  L4_RECEIVER_MQTT = 1 << 0,
  L4_RECEIVER_WEBHOOK = 1 << 1,
  L4_RECEIVER_PAGE = 1 << 2,
  L4_RECEIVER_ONVIF = 1 << 3,
  L4_RECEIVER_ALL = (1 << 4) - 1
} L4Receiver;

/* What a rule looks at in a window's record, and how it must be. */
typedef struct
{
  guint line;                   /* of the file; 0: none */
  char *pointer;                /* a JSON pointer into the record, steps * among it; NULL: question */
  char *question;               /* one of the cameras' */
  L4Compare compare;
  char *value;                  /* what with: a number, text, true, false or null as JSON */
} L4Condition;

/* It holds where all of the one list hold and, unless that is empty, one of the other does; one list at least is not empty. */
typedef struct
{
  char *name;                   /* unlike all others; may stand in the name of a file */
  guint line;
  char **cameras;               /* names, NULL-terminated; NULL: all */
  GPtrArray *all, *any;         /* of L4Condition */
  L4Condition *single;          /* while it is read: one that stands in no list */
  guint windows;                /* in turn */
  guint64 cooldown;             /* nanoseconds */
  GArray *quiet;                /* of L4Hours: no alerts */

  gboolean print;               /* a line of JSON on standard output */
  char **command;               /* a program and its arguments; NULL: none */
  gboolean clip, picture;
  guint receivers;              /* L4Receiver; those that there are of them */
} L4Rule;

/* A broker that alerts go to; as in tell/mqtt.h. */
typedef struct
{
  char *host, *user, *password, *password_file, *ca_file, *certificate, *key, *prefix, *discovery;
  guint port;
  gboolean tls;
} L4CamerasMqtt;

/* A web server that alerts go to; as in tell/webhook.h. */
typedef struct
{
  char *url, *token_file, *ca_file;
  guint64 timeout;              /* nanoseconds; 0: as ever */
  guint tries;
} L4CamerasWebhook;

/* A page that shows them; as in live/live.h. */
typedef struct
{
  gboolean wanted;
  guint port;
  char *address, *token_file;
} L4CamerasPage;

/* ONVIF's metadata; as in onvif/onvif.h. */
typedef struct
{
  gboolean files;               /* in the folders of cameras' days */
  guint rtsp;                   /* port; 0: none */
  char *address, *user, *password, *password_file;
} L4CamerasOnvif;

typedef struct
{
  char *file;                   /* that was read; NULL: none was */
  char *model, *projector, *load;       /* NULL: as without an option */
  guint threads;
  guint64 memory_limit;         /* bytes; 0: what is free */

  GPtrArray *cameras;           /* of L4Camera; one at least */
  GPtrArray *rules;             /* of L4Rule */

  char *index;                  /* NULL: none */
  char *folder;                 /* of clips and pictures, absolute; NULL: none */
  guint64 keep_time;            /* nanoseconds that sentences, clips and pictures are kept; 0: for ever */
  guint64 keep_bytes;           /* of them all that are kept; 0: any number */

  guint64 before, after;        /* nanoseconds that clips have before and after the windows */
  guint64 clip_memory;          /* bytes that each camera's packets may take */
  guint64 command_limit;        /* nanoseconds that a command may take */
  guint commands;               /* that may run at once */

  L4CamerasMqtt mqtt;           /* host NULL: none */
  L4CamerasWebhook webhook;     /* url NULL: none */
  L4CamerasPage page;
  L4CamerasOnvif onvif;
} L4Cameras;

/* Reads a file of YAML. NULL: *error says in one line what is wrong, in which line and with which key. (transfer full) */
L4Cameras *l4_cameras_read (const char *path, GError **error);

/* Cameras at addresses, without rules, named by their hosts or files. A path becomes an address. (transfer full) */
L4Cameras *l4_cameras_of_uris (char **uris, GError **error);

void l4_cameras_free (L4Cameras *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Cameras, l4_cameras_free)

/* Whether it is one with an end, whose pictures may each be shown for long. */
gboolean l4_camera_is_film (const L4Camera *self);

/* Whether parts of its picture are never to be kept. */
gboolean l4_camera_is_masked (const L4Camera *self);

/* Whether all of its picture may be shown. */
gboolean l4_camera_is_shown_whole (const L4Camera *self);

/* Whether what is said of it is summed up every so often. */
gboolean l4_camera_is_summed_up (const L4Camera *self);

/* An address without a name and a password in it. (transfer full) */
char *l4_camera_show_uri (const char *uri);

G_END_DECLS
