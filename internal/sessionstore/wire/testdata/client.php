<?php
// SPDX-License-Identifier: Apache-2.0

// A client of the session store that does on the wire what MediaWiki's
// RESTBagOStuff does through its MultiHttpClient: one curl_multi handle for all
// requests, a fresh easy handle for each, keys by rawurlencode, bodies of
// "<serialization>.<mac>.<data>", 1.2 s to connect and 3 s for a request, and the
// same judgement of status codes.
//
// Standard input is {"url": ..., "ca": ..., "cert": ..., "key": ..., "steps": [[act, key, value], ...]}
// where act is get, delete, POST or PUT. It prints a list of {act, code, result, error, connects}.

final class Multi {
	private $multi;

	public function __construct( private array $tls ) {
		$this->multi = curl_multi_init();
		curl_multi_setopt( $this->multi, CURLMOPT_MAXCONNECTS, 50 );
		curl_multi_setopt( $this->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 50 );
	}

	/** Sends one request and returns [ code, body, error, new connections ]. */
	public function run( string $method, string $url, array $headers, string $body ): array {
		$received = '';
		$code = 0;
		$file = null;
		$ch = curl_init();
		curl_setopt_array( $ch, [
			CURLOPT_URL => $url,
			CURLOPT_CUSTOMREQUEST => $method,
			CURLOPT_CONNECTTIMEOUT_MS => 1200,
			CURLOPT_TIMEOUT_MS => 3000,
			CURLOPT_FOLLOWLOCATION => 1,
			CURLOPT_MAXREDIRS => 4,
			CURLOPT_HEADER => 0,
			CURLOPT_RETURNTRANSFER => 1,
			CURLOPT_HTTP_VERSION => CURL_HTTP_VERSION_NONE,
			CURLOPT_SSL_VERIFYPEER => true,
			CURLOPT_CAINFO => $this->tls['ca'],
		] );
		if ( isset( $this->tls['cert'] ) ) {
			curl_setopt( $ch, CURLOPT_SSLCERT, $this->tls['cert'] );
			curl_setopt( $ch, CURLOPT_SSLKEY, $this->tls['key'] );
		}
		if ( $method === 'PUT' ) {
			$file = fopen( 'php://temp', 'wb+' );
			fwrite( $file, $body );
			rewind( $file );
			curl_setopt( $ch, CURLOPT_PUT, 1 );
			curl_setopt( $ch, CURLOPT_INFILE, $file );
			curl_setopt( $ch, CURLOPT_INFILESIZE, strlen( $body ) );
		} elseif ( $method === 'POST' ) {
			curl_setopt( $ch, CURLOPT_POST, 1 );
			curl_setopt( $ch, CURLOPT_POSTFIELDS, $body );
		} else {
			$headers['content-length'] = 0;
		}
		$headers['user-agent'] = 'wikimedia/multi-http-client v1.0';
		$lines = [];
		foreach ( $headers as $name => $value ) {
			$lines[] = "$name: $value";
		}
		curl_setopt( $ch, CURLOPT_HTTPHEADER, $lines );
		curl_setopt( $ch, CURLOPT_HEADERFUNCTION, static function ( $ch, $line ) use ( &$code ) {
			if ( preg_match( '#^HTTP/\S+ (\d{3})#', $line, $found ) ) {
				$code = (int)$found[1];
			}
			return strlen( $line );
		} );
		curl_setopt( $ch, CURLOPT_WRITEFUNCTION, static function ( $ch, $data ) use ( &$received ) {
			$received .= $data;
			return strlen( $data );
		} );
		curl_multi_add_handle( $this->multi, $ch );
		do {
			$status = curl_multi_exec( $this->multi, $active );
			if ( $active ) {
				curl_multi_select( $this->multi, 0.1 );
			}
		} while ( $active && $status === CURLM_OK );
		$done = curl_multi_info_read( $this->multi );
		$error = $done['result'] === 0 ? '' : $done['result'] . ' ' . curl_strerror( $done['result'] );
		$connects = curl_getinfo( $ch, CURLINFO_NUM_CONNECTS );
		curl_multi_remove_handle( $this->multi, $ch );
		curl_close( $ch );
		if ( $file ) {
			fclose( $file );
		}
		return [ $code, $received, $error, $connects ];
	}
}

$ask = json_decode( stream_get_contents( STDIN ), true, 16, JSON_THROW_ON_ERROR );
$client = new Multi( $ask );
$url = rtrim( $ask['url'], '/' ) . '/';
$told = [];
foreach ( $ask['steps'] as [ $act, $key, $value ] ) {
	$at = $url . rawurlencode( $key );
	if ( $act === 'get' ) {
		[ $code, $body, $error, $connects ] = $client->run( 'GET', $at, [], '' );
		$pieces = explode( '.', $body, 3 );
		$result = $code === 200 && count( $pieces ) === 3 && $pieces[0] === 'JSON' ? json_decode( $pieces[2], true ) : false;
	} elseif ( $act === 'delete' ) {
		[ $code, , $error, $connects ] = $client->run( 'DELETE', $at, [], '' );
		$result = in_array( $code, [ 200, 204, 205, 404, 410 ], true );
	} else {
		$headers = [ 'content-type' => 'application/octet-stream' ];
		[ $code, , $error, $connects ] = $client->run( $act, $at, $headers, 'JSON..' . json_encode( $value ) );
		$result = in_array( $code, [ 200, 201, 204 ], true );
	}
	$told[] = [ 'act' => $act, 'code' => $code, 'result' => $result, 'error' => $error, 'connects' => $connects ];
}
echo json_encode( $told ), "\n";
