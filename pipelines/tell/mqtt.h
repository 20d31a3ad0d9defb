/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells an MQTT broker, so that Home Assistant and whoever else listens there finds cameras and rules by themselves.
 *
 * Topics below PREFIX. CAMERA and RULE are names of which everything but A-Z a-z 0-9 _ - became _ (with a few figures at the end that tell
 * names with letters of other scripts apart):
 *
 *   PREFIX/status                 "online"; "offline" when the program ended or its connection broke (retained, last will)
 *   PREFIX/CAMERA/status          "online" or "offline": whether pictures come from it (retained)
 *   PREFIX/CAMERA/sentence        {"time","sentence"}: what was said last (retained)
 *   PREFIX/CAMERA/summary         {"from","time","summary"}: what was summed up last, from then to then (retained)
 *   PREFIX/CAMERA/picture         the JPEG of the last sentence or alert that had one (retained)
 *   PREFIX/CAMERA/RULE/state      "ON" or "OFF" (retained)
 *   PREFIX/CAMERA/RULE/alert      each alert's record, JSON
 *   DISCOVERY/binary_sensor|sensor|image/…/config     what Home Assistant needs to know (retained)
 *
 * Everything is sent with quality of service 1 (at least once). Alerts and changes of state wait in the queue until the broker has
 * acknowledged them, over any number of lost connections; what is kept last is sent again after each. A broker that is away is tried again
 * after 1, 2, 4 … 60 seconds. An alert that the broker closed five connections for counts as refused; so does one for a camera or rule that
 * was not announced. */

#pragma once

#include "tell/tell.h"

G_BEGIN_DECLS

/* Borrowed during the call. Strings may be NULL where a default is said. */
typedef struct
{
  const char *host;             /* name or address */
  guint port;                   /* 0: 1883, with TLS 8883 */
  const char *user;             /* NULL: none */
  const char *password;         /* NULL: none */
  gboolean tls;                 /* implied by the files below */
  const char *ca_file;          /* PEM, of who signed the broker's certificate; NULL: those the system trusts */
  const char *certificate, *key;        /* PEM files of the client's own; both, or neither */
  const char *prefix;           /* NULL: "llama4describe"; without + and #, not beginning or ending with / */
  const char *discovery;        /* NULL: "homeassistant"; "": announce nothing */
  guint keepalive;              /* seconds between signs of life; 0: 30 */
  guint answer_ms;              /* how long a broker may take to accept a connection; 0: 10000 */
  guint retry_ms;               /* the first wait before it is tried again; 0: 1000 */
  L4TellBounds bounds;
  L4TellReport report;          /* NULL: nobody is told */
  gpointer report_data;
} L4MqttSettings;

/* Fails for settings that cannot work (files that cannot be read, topics that are none, two names that would have the same topic), never
 * because the broker is away. (transfer full) */
L4Tell *l4_mqtt_new (const L4MqttSettings *settings, const L4TellCamera *cameras, guint n_cameras, GError **error);

/* FALSE: it would fail. Nobody is asked anything. */
gboolean l4_mqtt_check (const L4MqttSettings *settings, const L4TellCamera *cameras, guint n_cameras, GError **error);

G_END_DECLS
